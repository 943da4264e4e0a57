"""Checks that checkov loads: it wants a package."""
