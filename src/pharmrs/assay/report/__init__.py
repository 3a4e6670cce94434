"""Plates on the page: tables with their dictionary, pictures, the section, the methods."""
