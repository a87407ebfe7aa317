"""The policy pack, as Pulumi's engine starts it: `pulumi up --policy-pack policy`."""

from gemini_policies.pack import serve

serve()
