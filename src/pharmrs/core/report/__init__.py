"""The report's toolkit: tables, cells, pages, pictures as text, references."""
