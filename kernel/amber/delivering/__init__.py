"""Work handed to plugins: facts and tasks, tried until done or given up."""
