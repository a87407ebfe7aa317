"""gRPC in front of the REST API, for Google's clients that speak nothing else by default: Pub/Sub and Monitoring.

Each call becomes the REST call that Google's own `google.api.http` annotation of the method says, and is answered by
the same handler: with the same checks, callers, clock and journal.
"""
