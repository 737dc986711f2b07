"""The untrusted side: runs in the sandbox, imports the tree, serves calls. The judge believes nothing that it says."""
