"""Entry point of the policy pack, which Pulumi's engine runs: `pulumi up --policy-pack policy`."""

from gemini_policies.pack import serve

serve()
