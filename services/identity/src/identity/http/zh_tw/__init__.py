"""Texts of the HTTP layer in the Chinese of Taiwan. Templates and scripts contain the others.

A second language would be another package beside this package.
"""
