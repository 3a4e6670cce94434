"""Gels on the page: tables, pictures, the section, the methods."""
