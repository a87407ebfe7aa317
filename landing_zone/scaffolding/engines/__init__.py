"""Files for engines that run a fleet of stacks: the Pulumi Kubernetes Operator, and Pulumi Deployments."""
