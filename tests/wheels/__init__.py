"""What is handed out: wheels, the template, and the contract that plugins are held to."""
