// A service that logs people in with go-oidc.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	log.SetFlags(0)
	// <example login>
	identity, err := oidc.NewProvider(context.Background(), os.Getenv("IDENTITY_URL"))
	if err != nil {
		log.Fatal(err)
	}
	client := oauth2.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		RedirectURL:  os.Getenv("PASS_URL") + "/callback",
		Endpoint:     identity.Endpoint(),
		Scopes:       []string{oidc.ScopeOpenID, "profile", "company"},
	}
	verifier := identity.Verifier(&oidc.Config{ClientID: client.ClientID})
	// </example>
	service := &service{identity, &client, verifier}
	http.HandleFunc("GET /{$}", service.login)
	http.HandleFunc("GET /callback", service.callback)
	log.Fatal(http.ListenAndServe(strings.TrimPrefix(os.Getenv("PASS_URL"), "http://"), nil))
}

type service struct {
	identity *oidc.Provider
	client   *oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// login sends the browser to identity, and keeps state and PKCE verifier in a cookie.
func (s *service) login(w http.ResponseWriter, r *http.Request) {
	state, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	http.SetCookie(w, &http.Cookie{Name: "pass", Value: state + "." + verifier, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, s.client.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), http.StatusFound)
}

// callback redeems the code and verifies the ID token.
func (s *service) callback(w http.ResponseWriter, r *http.Request) {
	answer, err := s.claims(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (s *service) claims(r *http.Request) (map[string]any, error) {
	cookie, err := r.Cookie("pass")
	if err != nil {
		return nil, err
	}
	state, verifier, _ := strings.Cut(cookie.Value, ".")
	if r.FormValue("state") != state || r.FormValue("iss") != os.Getenv("IDENTITY_URL") {
		return nil, fmt.Errorf("not the answer to our request: %s", r.FormValue("error"))
	}
	tokens, err := s.client.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := s.verifier.Verify(r.Context(), raw)
	if err != nil {
		return nil, err
	}
	if err := idToken.VerifyAccessToken(tokens.AccessToken); err != nil {
		return nil, err
	}
	user, err := s.identity.UserInfo(r.Context(), oauth2.StaticTokenSource(tokens))
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	if err := user.Claims(&claims); err != nil {
		return nil, err
	}
	claims["kid"] = kid(raw)
	return claims, idToken.Claims(&claims)
}

// kid returns the id of the key that signed a token.
func kid(token string) string {
	header, _, _ := strings.Cut(token, ".")
	decoded, _ := base64.RawURLEncoding.DecodeString(header)
	values := struct{ Kid string }{}
	json.Unmarshal(decoded, &values)
	return values.Kid
}
