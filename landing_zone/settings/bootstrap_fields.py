"""The field types of the bootstrap's settings."""

from landing_zone.settings.fields import matching

Operator = matching(
    r"(user|group|serviceAccount):[^\s@]+@[^\s@]+|principal(Set)?://iam\.googleapis\.com/\S+",
    "a member of IAM",
    "write group:, user: or serviceAccount: and the address: group:gemini-platform@example.com",
)
Location = matching(
    r"US|EU|ASIA|[a-z]+-[a-z]+[0-9]+",
    "a location of both Cloud Storage and Cloud KMS",
    "write US, EU, ASIA or a region, such as europe-west3",
)
Bucket = matching(
    r"[a-z0-9](?:[a-z0-9_-]{1,61}[a-z0-9])",
    "the name of a bucket",
    "write 3 to 63 lowercase letters, digits and hyphens, such as acme-gemini-state",
)
# These two end up in quotes in a condition: nothing in them may end the quotes.
GitHubRepository = matching(
    r"[A-Za-z0-9](?:-?[A-Za-z0-9])*/[A-Za-z0-9._-]+",
    "a repository of GitHub",
    "write its owner and its name: acme/gemini-projects",
)
GitLabProject = matching(
    r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+",
    "a project of GitLab",
    "write its group and its name: acme/platform/gemini-projects",
)
GitLabUrl = matching(
    r"https://[a-z0-9.-]+(?::[0-9]+)?",
    "the address of a GitLab",
    "write it with https:// and without a path: https://gitlab.example.com",
)
Branch = matching(
    r"[A-Za-z0-9][A-Za-z0-9._/-]*", "the name of a branch", "write it without refs/heads/, such as main"
)
