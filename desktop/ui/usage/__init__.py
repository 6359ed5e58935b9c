"""The usage page: what was spent, on what, within which budgets, and how sure that is."""
