"""All texts of the HTTP layer that are not in templates, in the Chinese of Taiwan.

A second language would be another package beside this package.
"""
