"""What is kept: data sets, run folders, jobs, and which run is served."""
