"""Budget policy as code: what an environment must keep to, judged on facts, wherever these come from.

No Pulumi, no client, no I/O: the policy pack, `gemini-lz policy check` and `gemini-lz policy audit` bring the facts.
"""
