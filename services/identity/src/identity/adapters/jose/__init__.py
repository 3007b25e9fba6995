"""JOSE with joserfc, which no other module of identity imports: JWK sets, signed tokens, signatures of clients."""
