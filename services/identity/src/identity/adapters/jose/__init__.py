"""JWK sets, signed tokens and the signatures of clients (JOSE). Only this package of identity imports joserfc."""
