"""What a stack watches in Cloud Monitoring, in the form of its API: alert policies and dashboards."""
