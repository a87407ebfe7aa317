"""A stack on the real engine while Google takes its time: operations, new APIs, limits and tiers, and stale reads."""



STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults:
    tier: paid
    deletionPolicy: DELETE
    keys: {app: {allowedIps: [203.0.113.0/24]}}
    budget: {amount: 100, currency: USD, spendCap: true}
    limits: {gemini-3.8-flash: {requestsPerMinute: 60}, others: deny}
    alerts: {email: [oncall@example.com]}
  gemini-landing-zone:projects:
    one: {projectId: acme-slow-one}
    two: {projectId: acme-slow-two}
"""
TIMES = [
    {"operationSeconds": [1, 4]},
    {"effectSeconds": 20, "method": "serviceusage.services.enable"},
    {"effectSeconds": 20, "method": "serviceusage.services.batchEnable"},
    {"effectSeconds": 60, "method": "serviceusage.services.consumerQuotaMetrics"},
    {"effectSeconds": 60, "method": "cloudbilling.projects.updateBillingInfo"},
    *({"staleSeconds": 5, "method": each} for each in ("*.list", "*.getIamPolicy", "cloudquotas", "*.batchGet")),
]
