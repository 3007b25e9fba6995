"""Advice on a new password: the rules beside its field, and its strength while it is typed (REG-11, SEC-2)."""

from collections.abc import Iterable

from identity.domain.password_policy import MIN_RUN, PasswordPolicy
from identity.http.portal.layout.forms import SecretField
from identity.http.web_context import ports
from identity.http.zh_tw import forms as texts


def password_advice(field: SecretField, personal_terms: Iterable[str]) -> dict[str, str]:
    """Return the message about the strength, by the field's name. It is empty for an invalid password."""
    if field.errors or not field.data:
        return {field.name: ""}
    strength = ports().rules.passwords.strength(field.data, personal_terms)
    return {field.name: texts.PASSWORD_STRENGTHS[strength]}


def password_hint(policy: PasswordPolicy) -> str:
    """Return the short password rule, which is shown beside the field (REG-11)."""
    return texts.PASSWORD_HINT.format(summary=_password_summary(policy))


def password_description(policy: PasswordPolicy) -> str:
    """Return the complete password rule (REG-11)."""
    return texts.PASSWORD_DESCRIPTION.format(summary=_password_summary(policy), min_run=MIN_RUN)


def _password_summary(policy: PasswordPolicy) -> str:
    return texts.PASSWORD_SUMMARY.format(
        min=policy.min_characters,
        max=policy.max_characters,
        classes=texts.PASSWORD_CLASSES if policy.min_classes else "",
    )
