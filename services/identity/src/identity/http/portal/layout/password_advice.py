"""Advice on the strength of a new password while it is typed (SEC-2)."""

from collections.abc import Iterable

from identity.http.portal.layout.forms import SecretField
from identity.http.web_context import ports
from identity.http.zh_tw import forms as texts


def password_advice(field: SecretField, personal_terms: Iterable[str]) -> dict[str, str]:
    """Return the strength message by the field's name; it is empty for an invalid password."""
    if field.errors or not field.data:
        return {field.name: ""}
    strength = ports().rules.passwords.strength(field.data, personal_terms)
    return {field.name: texts.PASSWORD_STRENGTHS[strength]}
