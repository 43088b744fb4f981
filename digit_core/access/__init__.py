"""Who may do what: checked here, where an action happens, and not where its button is drawn."""
