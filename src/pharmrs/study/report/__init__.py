"""The report and the methods text put together from what the stages gave."""
