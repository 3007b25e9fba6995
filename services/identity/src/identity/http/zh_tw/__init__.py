"""Every sentence of the HTTP side that is not in a template, in the Chinese of Taiwan.

A second language is a package beside this one.
"""
