"""Stack files in which a limit and a quota are about one model."""

_HEAD = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-case
      tier: paid
      deletionPolicy: DELETE
      searchesPerRequest: 0
      budget: {amount: 100, currency: USD}
      keys: {app: {methods: [generate, caches]}}
"""
OVERRIDE = f"""{_HEAD}\
      limits: {{others: deny}}
      quotas:
        pro-a-minute:
          metric: generativelanguage.googleapis.com/generate_requests_per_model
          limit: /min/model/project
          dimensions: {{model: gemini-3.1-pro-preview}}
          value: 5
"""
PREFERENCE = f"""{_HEAD}\
      limits:
        gemini-3.1-pro-preview: {{requestsPerMinute: 1}}
        others: deny
      quotas:
        pro-up:
          quotaId: GenerateRequestsPerMinutePerProjectPerModel
          dimensions: {{model: gemini-3.1-pro-preview}}
          value: 1000
          contactEmail: a@example.com
          justification: test
"""
