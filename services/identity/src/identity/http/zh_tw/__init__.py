"""Every sentence of the HTTP side that is not in a template, in the Chinese of Taiwan.

A second language would be another package next to this one.
"""
