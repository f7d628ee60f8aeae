from importlib.util import find_spec

# The suite imports the public packages, which are installed only in an environment of their own.
collect_ignore = [] if find_spec("tamr_unify_client") else ["suite"]
