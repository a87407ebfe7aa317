"""Budget policy as code: rules for environments, judged on facts from settings, Pulumi resources or Google.

No Pulumi, no client, no I/O: the policy pack, `gemini-lz policy check` and `gemini-lz policy audit` collect the facts.
"""
