"""Every mistake in a stack file is told with its file, line, path, reason and remedy, all at once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from landing_zone.gemini.limits import Limits
from landing_zone.settings import SettingsError, load_file
from landing_zone.settings.base import Settings, fields_of, known_keys

PAID = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/123456789012
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      keys:
        backend: {allowedIps: [203.0.113.0/24]}
      budget: {amount: 1200.50, currency: USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}
      alerts: {email: [oncall@example.com], errorRate: 0.05}
      limits:
        gemini-2.5-flash: {requestsPerMinute: 60}
"""
WIDE = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:notificationProject: acme-seed
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:dashboard: true
  gemini-landing-zone:channels:
    hook: {type: webhook, url: "https://hooks.example.com/x", username: gemini, password: {secure: v1:x}}
    chatops: {type: slack, channel: "#ops", token: {secure: v1:x}}
    pager: {type: pagerduty, serviceKey: {secure: v1:x}}
    bus: {type: pubsub, topic: projects/acme-seed/topics/alerts}
    desk: {type: email, address: desk@example.com}
  gemini-landing-zone:sharedBudgets:
    pilot: {projects: [chat], amount: 90, currency: USD, period: {start: 2026-01-01, end: 2026-06-30}, email: [fin@example.com], topic: spend}
  gemini-landing-zone:accountTerms:
    01A2B3-C4D5E6-F7A8B9:
      discount: 0.05
      usdRate: 0.9
      tier: 2
      prices: {gemini-3.8-flash: {input: 0.7, cachedInput: 0.06, audioInput: 0.7, output: 3.5, cacheStorage: 0.4}}
      tierLimits: {gemini-3.8-flash: {requestsPerMinute: 900, requestsPerDay: 90000, inputTokensPerMinute: 900000}}
  gemini-landing-zone:projects:
    lab: {projectId: acme-lab-dev, tier: free}
    plan:
      projectId: acme-plan-prod
      tier: paid
      budget: {currency: USD, amount: 11, spendCap: {lag: 36h}}
      limits: {derive: {maxOvershoot: 5000, lag: 12h, shares: {gemini-3.8-flash: 0.9}}}
      workload:
        - {model: gemini-3.8-flash, requestsPerDay: {low: 10, expected: 20, high: 30}, inputTokens: 1000, outputTokens: 10, thinkingTokens: 5, cachedTokens: 500, audioTokens: 100, cacheHours: 24, batchShare: 0.2, flexShare: 0.3, priorityShare: 0.1, growthPerMonth: 0.1, start: 2026-01-05, end: 2027-01-05, businessHours: {days: [mon, fri], hours: 8}, peakFactor: 2}
    chat:
      projectId: acme-chat-prod
      tier: paid
      tierWait: 60
      idSuffix: true
      tags: [tagValues/281480012345678]
      contacts: [{email: sec@example.com, categories: [SECURITY], language: en}]
      forbidUnrestrictedKeys: true
      keys: {honey: {decoy: true, standard: true, existing: honey-1}}
      budget: {amount: 10, currency: USD, topic: spend, spendCap: true, credits: [PROMOTION], ownership: allUsers}
      alerts:
        email: [oncall@example.com]
        channels: [hook]
        spendRate: {times: 3, pricePerMillionTokens: 0.6}
        policies: {slow: {conditions: [{displayName: slow}]}}
      limits: {gemini-2.5-flash: {requestsPerMinute: 60}, others: deny}
      quotas:
        images: {quotaId: PredictRequestsPerDay, value: 140, contactEmail: ops@example.com}
        lite: {metric: generativelanguage.googleapis.com/generate_requests_per_model, limit: /min/model/project, dimensions: {model: gemini-2.5-pro}, value: 5}
"""
FREE = """\
config:
  gemini-landing-zone:projects:
    lab:
      projectId: acme-lab-dev
      tier: free
"""
ALL_ADDRESSES = "[a@x.io, b@x.io, c@x.io, d@x.io, e@x.io, f@x.io]"
SECOND = "    twin:\n      projectId: acme-chat-prod\n      tier: free\n"

# (what is wrong, the right text, what replaces it, where it is told, a piece of the reason, a piece of the remedy)
MISTAKES = [
    ("near-miss key", "tier: paid", "teir: paid", "projects.chat.teir", "unknown key 'teir'", "'tier'"),
    ("unknown key", "tier: paid", "tier: paid\n      zone: b", "projects.chat.zone", "unknown key 'zone'", "write one of"),
    ("encrypted", "parent: folders/123456789012", "parent: {secure: v1:x}", "parent", "is encrypted, and only Pulumi", "plain text"),
    ("unknown key without a value", "tier: paid", "tier: paid\n      privatData:", "projects.chat.privatData", "'privatData'", "'privateData'"),
    ("comma in an amount", "amount: 1200.50", "amount: 1,200.50", "projects.chat.budget.200.50", "unknown key '200.50'", "write one of"),
    ("near-miss key, deep", "currency:", "curency:", "projects.chat.budget.curency", "'curency'", "'currency'"),
    ("near-miss of an environment's key", ":parent:", ":parnet:", "parnet", "'parnet'", "'parent'"),
    ("missing id", "      projectId: acme-chat-prod\n", "", "projects.chat.projectId", "missing", "projectId:"),
    ("missing tier", "      tier: paid\n", "", "projects.chat.tier", "missing", "tier:"),
    ("missing currency", ", currency: USD", "", "projects.chat.budget.currency", "missing", "currency:"),
    ("missing amount", "amount: 1200.50, ", "", "projects.chat.budget.amount", "missing", "amount:"),
    ("tier of no kind", "tier: paid", "tier: payed", "projects.chat.tier", "'payed'", "did you mean paid"),
    ("id too short", "acme-chat-prod", "acme", "projects.chat.projectId", "4 characters", "6 to 30"),
    ("id too long", "acme-chat-prod", "acme-" + "x" * 26, "projects.chat.projectId", "31 characters", "6 to 30"),
    ("id in capitals", "acme-chat-prod", "Acme-Chat", "projects.chat.projectId", "not a project id", "lowercase"),
    ("id with a last hyphen", "acme-chat-prod", "acme-chat-", "projects.chat.projectId", "not a project id", "hyphen last"),
    ("id with a reserved word", "acme-chat-prod", "google-chat", "projects.chat.projectId", "reserves", "without it"),
    ("id as a number", "acme-chat-prod", "123456", "projects.chat.projectId", "not text", "write text"),
    ("bad name", "tier: paid", "tier: paid\n      name: 'a_b'", "projects.chat.name", "not a project name", "4 to 30"),
    ("bad name of a project here", "    chat:", "    Chat_1:", "projects.Chat_1", "not a name", "24 lowercase"),
    ("bad account", "01A2B3-C4D5E6-F7A8B9", "01A2B3-C4D5E6", "billingAccount", "not a billing account", "gcloud billing"),
    ("account in lower case", "01A2B3-C4D5E6", "01a2b3-c4d5e6", "billingAccount", "not a billing account", "01A2B3"),
    ("bad parent", "folders/123456789012", "folder/1", "parent", "not a folder", "folders/987654321098"),
    ("parent by name", "folders/123456789012", "folders/ai", "parent", "not a folder", "folders/987654321098"),
    ("bad currency", "USD", "US$", "projects.chat.budget.currency", "not a currency", "three capital letters"),
    ("currency in lower case", "USD", "usd", "projects.chat.budget.currency", "not a currency", "USD?"),
    ("near-miss currency", "USD", "UDS", "projects.chat.budget.currency", "not a currency", "did you mean"),
    ("negative amount", "1200.50", "-5", "projects.chat.budget.amount", "is -5", "above 0"),
    ("zero amount", "1200.50", "0", "projects.chat.budget.amount", "is 0", "above 0"),
    ("amount with a sign", "1200.50", "$1200", "projects.chat.budget.amount", "not a number", "without currency sign"),
    ("amount with a comma", "1200.50", "'1,200.50'", "projects.chat.budget.amount", "not a number", "commas"),
    ("amount that is no number", "1200.50", "true", "projects.chat.budget.amount", "not a number", "1200.50"),
    ("amount without end", "1200.50", ".inf", "projects.chat.budget.amount", "not a", "1200.50"),
    ("amount finer than Google's", "1200.50", "0.0000000001", "projects.chat.budget.amount", "9 decimals", "at most 9"),
    ("negative threshold", "[0.5,", "[-0.5,", "projects.chat.budget.thresholds[0]", "negative", "0.5 is 50 %"),
    ("threshold in percent", "[0.5,", "[50,", "projects.chat.budget.thresholds[0]", "5000", "0.5 is 50 %"),
    ("threshold of no kind", "forecast: 1.0", "forcast: 1.0", "projects.chat.budget.thresholds[2]", "not a threshold", "forecast: 1.0"),
    ("threshold twice", "[0.5,", "[1.0,", "projects.chat.budget.thresholds[1]", "twice", "out of thresholds"),
    ("no thresholds", "[0.5, 1.0, {forecast: 1.0}]", "[]", "projects.chat.budget.thresholds", "never notifies", "thresholds:"),
    ("thresholds that are no list", "[0.5, 1.0, {forecast: 1.0}]", "0.5", "projects.chat.budget.thresholds", "not a list", "thresholds: [0.5, 1.0"),
    ("nobody to notify", "USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}\n      alerts: {email: [oncall@example.com], errorRate: 0.05}", "USD, iamRecipients: false}", "projects.chat.budget.iamRecipients", "nobody", "email"),
    ("six channels", "[oncall@example.com]", ALL_ADDRESSES, "projects.chat.alerts.email", "6 channels", "keep 5"),
    ("an address twice", "[oncall@example.com]", "[a@x.io, a@x.io]", "projects.chat.alerts.email[1]", "twice", "out of email"),
    ("no address", "[oncall@example.com]", "[oncall]", "projects.chat.alerts.email[0]", "not one e-mail", "oncall@example.com"),
    ("two addresses in one", "[oncall@example.com]", "['a@x.io,b@x.io']", "projects.chat.alerts.email[0]", "not one", "one address"),
    ("an alert for nobody", "[oncall@example.com]", "[]", "projects.chat.alerts.errorRate", "nobody", "email:"),
    ("error rate in percent", "errorRate: 0.05", "errorRate: 5", "projects.chat.alerts.errorRate", "between 0 and 1", "0.05 is 5 %"),
    ("paid without an account", "  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9\n", "", "projects.chat.billingAccount", "needs a billing account", "billingAccount:"),
    ("no budget for a created project", "{amount: 1200.50, currency: USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}", "false", "projects.chat.budget", "needs a budget", "budget:"),
    ("paid without a budget", "      budget: {amount: 1200.50, currency: USD, thresholds: [0.5, 1.0, {forecast: 1.0}]}\n", "", "projects.chat.budget", "needs a budget", "budget:"),
    ("an adopted project to delete", "tier: paid", "tier: paid\n      adopt: true\n      deletionPolicy: DELETE", "projects.chat.deletionPolicy", "never deletes an adopted project", "UNLINK"),
    ("a former name twice", "tier: paid", "tier: paid\n      aliases: [talk, talk]", "projects.chat.aliases[1]", "twice", "out of aliases"),
    ("two projects with one id", "    chat:\n", SECOND + "    chat:\n", "projects.chat.projectId", "'twin' as well", "of its own"),
    ("unknown model", "gemini-2.5-flash:", "gemini-2.5-flahs:", "projects.chat.limits.gemini-2.5-flahs", "unknown model", "'gemini-2.5-flash'"),
    ("model of another kind", "gemini-2.5-flash:", "gemini-3.8-live:", "projects.chat.limits.gemini-3.8-live", "counts otherwise", "did you mean"),
    ("a day of embeddings", "gemini-2.5-flash: {requestsPerMinute: 60", "gemini-embedding-001: {requestsPerDay: 60", "projects.chat.limits.gemini-embedding-001.requestsPerDay", "a minute alone", "write requestsPerMinute"),
    ("no limit", "{requestsPerMinute: 60}", "{}", "projects.chat.limits.gemini-2.5-flash", "no limit", "requestsPerDay"),
    ("negative limit", "requestsPerMinute: 60", "requestsPerMinute: -1", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "is -1", "0 to block"),
    ("half a request", "requestsPerMinute: 60", "requestsPerMinute: 0.5", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "not a whole number", "whole number"),
    ("near-miss limit", "requestsPerMinute:", "requestPerMinute:", "projects.chat.limits.gemini-2.5-flash.requestPerMinute", "unknown key", "'requestsPerMinute'"),
    ("no address block", "203.0.113.0/24", "office", "projects.chat.keys.backend.allowedIps[0]", "not an IP", "203.0.113.0/24"),
    ("address for a block", "203.0.113.0/24", "203.0.113.9/24", "projects.chat.keys.backend.allowedIps[0]", "inside a block", "203.0.113.0/24"),
    ("the whole Internet", "203.0.113.0/24", "0.0.0.0/0", "projects.chat.keys.backend.allowedIps[0]", "every address", "leave allowedIps out"),
    ("two kinds of client", "[203.0.113.0/24]}", "[203.0.113.0/24], allowedReferrers: [a.io]}", "projects.chat.keys.backend.allowedReferrers", "one kind", "each kind"),
    ("a number of YAML 1.1", "requestsPerMinute: 60", "requestsPerMinute: 190:20:30", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "190:20:30 is not written in decimal digits", "write a number such as 1200"),
    ("an octal number", "requestsPerMinute: 60", "requestsPerMinute: 017", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "017 is not written in decimal digits", "write 17, or '017'"),
    ("a hexadecimal number", "requestsPerMinute: 60", "requestsPerMinute: 0x1F", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "0x1F is not", "write 31,"),
    ("a binary number", "requestsPerMinute: 60", "requestsPerMinute: 0b11", "projects.chat.limits.gemini-2.5-flash.requestsPerMinute", "0b11 is not", "write 3,"),
    ("an amount with underscores", "1200.50", "1_200.50", "projects.chat.budget.amount", "1_200.50 is not", "write 1200.50,"),
    ("a label's value as a number of YAML 1.1", "tier: paid", "tier: paid\n      labels: {cost: 017}", "projects.chat.labels.cost", "017 is not", "'017' in quotes"),
    ("a number as a name", "    chat:", "    017:", "projects.017", "017 is not", "'017' in quotes"),
    ("bad name of a key", "backend:", "Back End:", "projects.chat.keys.Back End", "not a name for a key", "24 lowercase"),
    ("a service account that nobody creates", "[203.0.113.0/24]}", "[203.0.113.0/24], serviceAccount: bot@acme-chat-prod.iam.gserviceaccount.com}", "projects.chat.keys.backend.serviceAccount", "nothing creates bot@", "leave serviceAccount out"),
    ("a standard key with an account", "[203.0.113.0/24]}", "[203.0.113.0/24], standard: true, serviceAccount: bot@acme-seed.iam.gserviceaccount.com}", "projects.chat.keys.backend.standard", "bound to no service account", "leave standard out"),
    ("an unknown group of methods", "[203.0.113.0/24]}", "[203.0.113.0/24], methods: [generat]}", "projects.chat.keys.backend.methods[0]", "unknown method 'generat'", "did you mean 'generate'?"),
    ("a method by its short name", "[203.0.113.0/24]}", "[203.0.113.0/24], methods: [CountTokens]}", "projects.chat.keys.backend.methods[0]", "unknown method", "v1beta.GenerativeService.CountTokens"),
    ("an unknown method", "[203.0.113.0/24]}", "[203.0.113.0/24], methods: [zzz]}", "projects.chat.keys.backend.methods[0]", "unknown method", "write one of: generate, embed"),
    ("a method twice", "[203.0.113.0/24]}", "[203.0.113.0/24], methods: [embed, embed]}", "projects.chat.keys.backend.methods[1]", "twice", ""),
    ("bad service account", "[203.0.113.0/24]}", "[203.0.113.0/24], serviceAccount: bot}", "projects.chat.keys.backend.serviceAccount", "not a service account", "chat@acme-seed"),
    ("bad label", "tier: paid", "tier: paid\n      labels: {Owner: me}", "projects.chat.labels.Owner", "not a label key", "lowercase"),
    ("label value as a number", "tier: paid", "tier: paid\n      labels: {cost: 12}", "projects.chat.labels.cost", "not text", "text"),
    ("adopted and placed", "tier: paid", "tier: paid\n      adopt: true\n      parent: folders/1", "projects.chat.parent", "not managed", "leave parent out"),
    ("word for a truth", "tier: paid", "tier: paid\n      protect: 'yes'", "projects.chat.protect", "not true or false", "protect: true"),
    ("bad deletion policy", "tier: paid", "tier: paid\n      deletionPolicy: KEEP", "projects.chat.deletionPolicy", "'KEEP'", "PREVENT"),
    ("key twice", "tier: paid", "tier: paid\n      tier: free", "projects.chat.tier", "twice", "keep one"),
    ("mapping expected", "keys:\n        backend: {allowedIps: [203.0.113.0/24]}", "keys: [backend]", "projects.chat.keys", "not a mapping", "key: value"),
    ("default of a project's own", "  gemini-landing-zone:parent", "  gemini-landing-zone:defaults: {projectId: acme-shared}\n  gemini-landing-zone:parent", "defaults.projectId", "no default", "move projectId"),
    ("default of a project's former names", "  gemini-landing-zone:parent", "  gemini-landing-zone:defaults: {aliases: [talk]}\n  gemini-landing-zone:parent", "defaults.aliases", "no default", "move aliases"),
]  # fmt: skip

# The same, for what stands around the projects and for the settings that few projects have.
WIDE_MISTAKES = [
    # Names that are nobody's, with the nearest.
    ("a channel that is not there", "channels: [hook]", "channels: [hok]", "projects.chat.alerts.channels[0]", "there is no channel 'hok'", "did you mean 'hook'?"),
    ("a channel, none like it", "channels: [hook]", "channels: [zzz]", "projects.chat.alerts.channels[0]", "no channel 'zzz'", "write one of: hook, chatops, pager, bus, desk"),
    ("a topic that is not there", "topic: spend, spendCap", "topic: spent, spendCap", "projects.chat.budget.topic", "there is no topic 'spent'", "did you mean 'spend'?"),
    ("a shared budget's topic", "topic: spend}", "topic: spendings}", "sharedBudgets.pilot.topic", "there is no topic", "did you mean 'spend'?"),
    ("a topic, none there", "topics: [spend]", "topics: []", "projects.chat.budget.topic", "under topics", "write it under topics first"),
    ("a project that is not there", "projects: [chat]", "projects: [cat]", "sharedBudgets.pilot.projects[0]", "there is no project 'cat'", "did you mean 'chat'?"),
    ("a former name that is in use", "tierWait: 60", "tierWait: 60\n      aliases: [lab]", "projects.chat.aliases[0]", "'lab' is a project of this file", "rename the project lab"),
    ("another account's project", "{projects: [chat]", "{billingAccount: 0FEDCB-A98765-432100, projects: [chat]", "sharedBudgets.pilot.projects[0]", "another billing account pays for chat", "for each billing account"),
    ("a project twice", "projects: [chat]", "projects: [chat, chat]", "sharedBudgets.pilot.projects[1]", "twice", "out of projects"),
    # Where things are made.
    ("a topic and no project for it", "  gemini-landing-zone:notificationProject: acme-seed\n", "", "topics", "needs a project", "notificationProject"),
    ("an address and no project for it", "  gemini-landing-zone:notificationProject: acme-seed\n", "", "sharedBudgets.pilot.email", "needs a project", "notificationProject"),
    ("a dashboard and no project for it", "  gemini-landing-zone:notificationProject: acme-seed\n", "", "dashboard", "needs a project", "notificationProject"),
    ("a constraint and no organization", "  gemini-landing-zone:organization: organizations/123456789012\n", "", "projects.chat.forbidUnrestrictedKeys", "none is named", "organizations/123456789012"),
    ("a folder for an organization", "organization: organizations/1", "organization: folders/1", "organization", "not an organization", "organizations/123456789012"),
    ("bad id of the host", "acme-seed\n", "Seed\n", "notificationProject", "not a project id", "a project that exists"),
    # What a shared budget counts.
    ("all of an account by accident", "{projects: [chat], amount", "{amount", "sharedBudgets.pilot", "all that the billing account pays for", "accountWide: true if that is meant"),
    ("all of an account, and not", "{projects: [chat]", "{accountWide: true, projects: [chat]", "sharedBudgets.pilot.accountWide", "it counts projects alone", "leave accountWide or projects out"),
    ("owners of many", "{projects: [chat]", "{ancestors: [folders/1], projectRecipients: true", "sharedBudgets.pilot.projectRecipients", "one project alone", "name one project"),
    ("a folder by name", "{projects: [chat]", "{ancestors: [ai]", "sharedBudgets.pilot.ancestors[0]", "not a folder", "folders/987654321098"),
    ("a shared budget with a cap", "{projects: [chat]", "{spendCap: true, projects: [chat]", "sharedBudgets.pilot.spendCap", "unknown key", "write one of"),
    ("an amount missing", "amount: 90, ", "", "sharedBudgets.pilot.amount", "missing", "lastPeriod: true"),
    # Secrets.
    ("a token in plain text", "token: {secure: v1:x}", "token: xoxb-1", "channels.chatops.token", "for everybody to read", "pulumi config set --secret --path 'gemini-landing-zone:channels.chatops.token'"),
    ("a service key in plain text", "serviceKey: {secure: v1:x}", "serviceKey: abc", "channels.pager.serviceKey", "for everybody to read", "channels.pager.serviceKey"),
    ("a password in plain text", "password: {secure: v1:x}", "password: abc", "channels.hook.password", "for everybody to read", "have a new one made"),
    ("a secret of no form", "token: {secure: v1:x}", "token: [x]", "channels.chatops.token", "no secret", "pulumi config set --secret"),
    # Channels.
    ("a channel of no kind", "type: webhook", "type: webhok", "channels.hook.type", "'webhok'", "did you mean webhook?"),
    ("a channel without its part", 'channel: "#ops", ', "", "channels.chatops.channel", "missing", "for slack"),
    ("another kind's part", "type: email,", "type: email, url: 'https://x.io',", "channels.desk.url", "has no url", "write address"),
    ("a username alone", ", password: {secure: v1:x}", "", "channels.hook", "a username and a password, or neither", "write username: gemini"),
    ("an address without https", "https://hooks", "http://hooks", "channels.hook.url", "no HTTPS address", "https"),
    ("a topic by half its name", "projects/acme-seed/topics/alerts", "alerts", "channels.bus.topic", "not a topic's full name", "projects/ID/topics/NAME"),
    ("bad name of a channel", "    desk:", "    Help Desk:", "channels.Help Desk", "not a name for a channel", "24 lowercase"),
    ("bad name of a topic", "topics: [spend]", "topics: [google-x]", "topics[0]", "not a topic's name", "not goog"),
    ("a topic twice", "topics: [spend]", "topics: [spend, spend]", "topics[1]", "twice", "out of topics"),
    # Days and periods.
    ("a day that is none", "2026-01-01", "2026-02-30", "sharedBudgets.pilot.period.start", "not a day", "2026-01-31"),
    ("a day with a time", "2026-01-01", "2026-01-01T08:00:00Z", "sharedBudgets.pilot.period.start", "not a day", "midnight Pacific"),
    ("a day as a number", "2026-01-01", "20260101", "sharedBudgets.pilot.period.start", "not a day", "2026-01-31"),
    ("a day before Google's first", "2026-01-01", "2016-12-31", "sharedBudgets.pilot.period.start", "before Google's first day", "after 2017-01-01"),
    ("days in the wrong order", "2026-06-30", "2025-06-30", "sharedBudgets.pilot.period.end", "2025-06-30 is before 2026-01-01", "not before the first"),
    ("days without a first", "start: 2026-01-01, ", "", "sharedBudgets.pilot.period", "not a period", "{start: 2026-01-01, end: 2026-06-30}"),
    ("a week", "{start: 2026-01-01, end: 2026-06-30}", "week", "sharedBudgets.pilot.period", "'week' is not a period", "month, quarter, year"),
    ("a last period of days", "amount: 90, currency: USD", "lastPeriod: true", "sharedBudgets.pilot.lastPeriod", "no last period", "period: month"),
    ("a forecast of days", "amount: 90", "thresholds: [{forecast: 1}], amount: 90", "sharedBudgets.pilot.thresholds[0]", "forecasts months", "0.8"),
    ("amount and last period", "{amount: 10,", "{lastPeriod: true, amount: 10,", "projects.chat.budget.lastPeriod", "an amount or takes the last period's", "leave amount or lastPeriod out"),
    # A budget's filter, and its cap.
    ("a credit of no kind", "[PROMOTION]", "[PROMO]", "projects.chat.budget.credits[0]", "'PROMO'", "PROMOTION"),
    ("a word for credits", "[PROMOTION]", "some", "projects.chat.budget.credits", "none of exclude, include", "write credits: exclude"),
    ("all credits in a list", "[PROMOTION]", "[EXCLUDE_ALL]", "projects.chat.budget.credits", "no kind of credit", "write credits: exclude"),
    ("no kind of credit", "[PROMOTION]", "[]", "projects.chat.budget.credits", "no kind of credit", "exclude, include"),
    ("two labels", "{amount: 10,", "{label: {a: x, b: x}, amount: 10,", "projects.chat.budget.label", "one label", "keep one"),
    ("a service by name", "{amount: 10,", "{services: [vertex], amount: 10,", "projects.chat.budget.services[0]", "not a billing service", "AEFD-7695-64FA"),
    ("a word for services", "{amount: 10,", "{services: vertex, amount: 10,", "projects.chat.budget.services", "neither all, gemini nor a list", "write gemini, all"),
    ("no service", "{amount: 10,", "{services: [], amount: 10,", "projects.chat.budget.services", "no service is named", "write services: all"),
    ("a bad subaccount", "{amount: 10,", "{subaccounts: [x], amount: 10,", "projects.chat.budget.subaccounts[0]", "not a billing account", "gcloud billing"),
    ("an owner of no kind", "ownership: allUsers", "ownership: everybody", "projects.chat.budget.ownership", "'everybody'", "ownership: allUsers"),
    ("a budget of no id", "{amount: 10,", "{existing: mine, amount: 10,", "projects.chat.budget.existing", "not a budget's id", "gcloud billing budgets list"),
    ("a channel by its name here", "{amount: 10,", "{channels: [hook], amount: 10,", "projects.chat.budget.channels[0]", "not a notification channel", "projects/acme-seed/notificationChannels/1234567890"),
    ("a name too long", "{amount: 10,", "{name: " + "n" * 61 + ", amount: 10,", "projects.chat.budget.name", "61 characters", "1 to 60"),
    ("a cap without an amount", "{amount: 10,", "{lastPeriod: true,", "projects.chat.budget.spendCap", "needs an amount", "spendCap: {amount: 1500}"),
    ("a cap of a quarter's amount", "{amount: 10,", "{period: quarter, amount: 10,", "projects.chat.budget.spendCap", "a spend cap is a month's", "a month's amount"),
    ("a cap below nothing", "spendCap: true", "spendCap: {amount: -1}", "projects.chat.budget.spendCap.amount", "is -1", "above 0"),
    ("a cap with a mistyped key", "spendCap: true", "spendCap: {ammount: 5}", "projects.chat.budget.spendCap.ammount", "unknown key", "'amount'"),
    # A project's own.
    ("a tag by name", "tagValues/281480012345678", "env/prod", "projects.chat.tags[0]", "not a tag value", "tagValues/281480012345678"),
    ("a tag twice", "[tagValues/281480012345678]", "[tagValues/1, tagValues/1]", "projects.chat.tags[1]", "twice", "out of tags"),
    ("a contact twice", "language: en}]", "language: en}, {email: sec@example.com}]", "projects.chat.contacts[1].email", "twice", "the categories of both"),
    ("a contact about nothing known", "[SECURITY]", "[SECURTIY]", "projects.chat.contacts[0].categories[0]", "'SECURTIY'", "SECURITY"),
    ("a contact without an address", "email: sec@example.com, ", "", "projects.chat.contacts[0].email", "missing", "email:"),
    ("a language by name", "language: en", "language: English", "projects.chat.contacts[0].language", "not a language's tag", "such as en"),
    ("an id too long for its suffix", "acme-chat-prod", "acme-chat-production-europe", "projects.chat.projectId", "with a suffix has 32 characters", "at most 25"),
    ("a suffix for an id that is there", "idSuffix: true", "idSuffix: true\n      adopt: true", "projects.chat.idSuffix", "has its id", "without idSuffix"),
    ("a wait of no length", "tierWait: 60", "tierWait: -1", "projects.chat.tierWait", "too small", "0 or more"),
    ("a wait in words", "tierWait: 60", "tierWait: 10m", "projects.chat.tierWait", "not a whole number", "whole number"),
    ("a service account in a project with a suffix", "{decoy: true, standard: true, existing: honey-1}", "{serviceAccount: bot@acme-chat-prod-x1y2.iam.gserviceaccount.com}", "projects.chat.keys.honey.serviceAccount", "nothing creates", "leave serviceAccount out"),
    ("a service account in another project of the file", "{decoy: true, standard: true, existing: honey-1}", "{serviceAccount: bot@acme-lab-dev.iam.gserviceaccount.com}", "projects.chat.keys.honey.serviceAccount", "nothing creates", "leave serviceAccount out"),
    ("an existing key of no kind", "standard: true, existing", "existing", "projects.chat.keys.honey.existing", "or it is a standard key", "standard: true"),
    ("a new key without a name", "{decoy: true, standard: true, existing: honey-1}", "{displayName: ''}", "projects.chat.keys.honey.displayName", "has a name", "leave displayName out"),
    ("a new budget without a name", "{amount: 10,", "{name: '', amount: 10,", "projects.chat.budget.name", "has a name", "leave name out"),
    ("a key of no id", "existing: honey-1", "existing: Honey", "projects.chat.keys.honey.existing", "not a key's id", "api-keys list"),
    ("a decoy key that notifies nobody", "        email: [oncall@example.com]\n        channels: [hook]\n", "", "projects.chat.keys.honey.decoy", "nobody is notified", "alerts:"),
    # Alerts.
    ("a pace without an amount", "{amount: 10,", "{lastPeriod: true,", "projects.chat.alerts.spendRate", "no amount to compare", "leave spendRate out"),
    ("half a pace", "times: 3, ", "", "projects.chat.alerts.spendRate.times", "missing", "times:"),
    ("a pace of nothing", "times: 3", "times: 0", "projects.chat.alerts.spendRate.times", "not above 0", "above 0"),
    ("a policy without conditions", "{conditions: [{displayName: slow}]}", "{displayName: slow}", "projects.chat.alerts.policies.slow", "without conditions", "conditionThreshold"),
    ("a policy of no name", "{conditions: [{displayName: slow}]}", "{existing: '17', conditions: [{displayName: slow}]}", "projects.chat.alerts.policies.slow.existing", "'17' is not the name of an alert policy", "alertPolicies/"),
    ("a policy that notifies nobody", "        email: [oncall@example.com]\n        channels: [hook]\n", "", "projects.chat.alerts.policies.slow", "notifies nobody", "notificationChannels"),
    ("a channel twice", "channels: [hook]", "channels: [hook, hook]", "projects.chat.alerts.channels[1]", "twice", "out of channels"),
    ("a share in percent", "        channels: [hook]", "        quotaShare: 80\n        channels: [hook]", "projects.chat.alerts.quotaShare", "between 0 and 1", "0.05 is 5 %"),
    # Limits and quotas.
    ("a word for a limit", "others: deny", "others: forbid", "projects.chat.limits.others", "'forbid' is no limit", "write deny"),
    ("a model under others' numbers", "{requestsPerMinute: 60}, others: deny", "{requestsPerDay: 60}, others: {requestsPerMinute: 5}", "projects.chat.limits.gemini-2.5-flash", "that of others would hold", "write requestsPerMinute"),
    ("an override that others set", ", dimensions: {model: gemini-2.5-pro}", "", "projects.chat.quotas.lite", "limits.others sets this override", "leave lite out of quotas"),
    ("more of a denied model", "        lite:", "        more: {quotaId: GenerateRequestsPerDayPerProjectPerModel, dimensions: {model: gemini-3.1-pro-preview}, value: 9}\n        lite:", "projects.chat.quotas.more", "denies gemini-3.1-pro-preview", "gemini-3.1-pro-preview: {requestsPerMinute: 60}"),
    ("another model's quota", "others: deny", "gemini-3-flash-preview: {requestsPerMinute: 1}, gemini-3-flash: {requestsPerMinute: 1}", "projects.chat.limits.gemini-3-flash", "unknown model", "'gemini-3"),
    ("a quota without a name", "quotaId: PredictRequestsPerDay, ", "", "projects.chat.quotas.images", "named by quotaId, or by metric and limit", "write quotaId"),
    ("a quota with two names", "quotaId: PredictRequestsPerDay", "limit: /d/project, quotaId: PredictRequestsPerDay", "projects.chat.quotas.images", "named by quotaId, or by metric and limit", "write quotaId"),
    ("a metric without a limit", "limit: /min/model/project, ", "", "projects.chat.quotas.lite", "named by quotaId, or by metric and limit", "limit: /min/model/project"),
    ("a quota without a value", "value: 140, ", "", "projects.chat.quotas.images.value", "missing", "value:"),
    ("a quota below nothing", "value: 140", "value: -2", "projects.chat.quotas.images.value", "is -2", "-1 for no limit"),
    ("an override without end", "value: 5", "value: -1", "projects.chat.quotas.lite.value", "only lowers", "quotaId"),
    ("a reason for an override", "value: 5", "value: 5, justification: night runs", "projects.chat.quotas.lite.justification", "what Google is asked for", "leave it out"),
    ("a check for an override", "value: 5", "value: 5, ignoreSafetyCheck: tooDeep", "projects.chat.quotas.lite.ignoreSafetyCheck", "what Google is asked for", "leave it out"),
    ("a check of no kind", "value: 140", "value: 140, ignoreSafetyCheck: tooDepe", "projects.chat.quotas.images.ignoreSafetyCheck", "'tooDepe'", "tooDeep"),
    ("a quota twice", "        lite:", "        more: {quotaId: PredictRequestsPerDay, value: 1}\n        lite:", "projects.chat.quotas.more", "same quota as 'images'", "out of quotas"),
    ("an override that a limit sets", "{model: gemini-2.5-pro}", "{model: gemini-2.5-flash}", "projects.chat.quotas.lite", "limits.gemini-2.5-flash sets this override", "leave lite out of quotas"),
    ("a metric of no form", "googleapis.com/generate", "example.com/generate", "projects.chat.quotas.lite.metric", "not a quota metric", "generativelanguage.googleapis.com/generate"),
    ("a limit of no form", "/min/model/project", "'1/min/{project}'", "projects.chat.quotas.lite.limit", "not a limit's name", "/min/model/project"),
    ("a service of no form", "value: 140", "value: 140, service: gemini", "projects.chat.quotas.images.service", "not a Google API", "generativelanguage.googleapis.com"),
]  # fmt: skip


COST_MISTAKES = [
    ("a model without a price", "model: gemini-3.8-flash", "model: gemini-3.8-flsh", "projects.plan.workload[0].model", "unknown model", "did you mean gemini-3.8-flash"),
    ("a quantity below nothing", "inputTokens: 1000", "inputTokens: -1", "projects.plan.workload[0].inputTokens", "-1 is not a quantity", "0 or more"),
    ("a range out of order", "expected: 20", "expected: 40", "projects.plan.workload[0].requestsPerDay", "not in order", "low <= expected"),
    ("no days", "days: [mon, fri]", "days: []", "projects.plan.workload[0].businessHours.days", "the list is empty", "1 at least"),
    ("a day of 25 hours", "hours: 8", "hours: 25", "projects.plan.workload[0].businessHours.hours", "too large", "24 or less"),
    ("a share for a version", "shares: {gemini-3.8-flash", "shares: {gemini-flash-latest", "projects.plan.limits.derive.shares.gemini-flash-latest", "no limits can be set", "did you mean 'gemini-3.8-flash'"),
    ("half a range", "low: 10, ", "", "projects.plan.workload[0].requestsPerDay.low", "'low' is missing", "write low"),
    ("more parts than the whole", "cachedTokens: 500", "cachedTokens: 950", "projects.plan.workload[0]", "1050 of 1000 input tokens", "the sum of text, cached"),
    ("shares over all", "flexShare: 0.3", "flexShare: 0.8", "projects.plan.workload[0]", "add up to 1.1", "what is left is Standard"),
    ("a share in percent", "batchShare: 0.2", "batchShare: 20", "projects.plan.workload[0].batchShare", "20 is not a share", "0.25 is a quarter"),
    ("a cache of nothing", "cachedTokens: 500, ", "", "projects.plan.workload[0]", "cacheHours without cachedTokens", "write cachedTokens"),
    ("more hours than a day has", "cacheHours: 24", "cacheHours: 25", "projects.plan.workload[0].cacheHours", "25 are no hours", "0 to 24"),
    ("growth in percent", "growthPerMonth: 0.1", "growthPerMonth: 50", "projects.plan.workload[0].growthPerMonth", "50 is no growth", "0.1 is a tenth"),
    ("an end before the start", "end: 2027-01-05", "end: 2025-01-05", "projects.plan.workload[0]", "is before start", "last day"),
    ("a day of no week", "days: [mon, fri]", "days: [mon, fry]", "projects.plan.workload[0].businessHours.days[1]", "'fry'", "did you mean fri"),
    ("no hours", "hours: 8", "hours: 0", "projects.plan.workload[0].businessHours.hours", "too small", "1 or more"),
    ("a peak below the mean", "peakFactor: 2", "peakFactor: 0.5", "projects.plan.workload[0].peakFactor", "0.5 times the mean", "1 (no peak)"),
    ("a mistyped quantity", "outputTokens", "outputToken", "projects.plan.workload[0].outputToken", "unknown key", "'outputTokens'"),
    ("a lag that is no time", "lag: 36h", "lag: 36", "projects.plan.budget.spendCap.lag", "36 is not a time", "24h"),
    ("a discount in percent", "discount: 0.05", "discount: 5", "accountTerms.01A2B3-C4D5E6-F7A8B9.discount", "5 is not a share", "between 0 and 1"),
    ("a tier that there is not", "tier: 2", "tier: 4", "accountTerms.01A2B3-C4D5E6-F7A8B9.tier", "not one of 1, 2 or 3", "tier: 2"),
    ("a contract for no model", "prices: {gemini-3.8-flash", "prices: {gemini-3.8-flsh", "accountTerms.01A2B3-C4D5E6-F7A8B9.prices.gemini-3.8-flsh", "unknown model", "gemini-3.8-flash"),
    ("a price below nothing", "output: 3.5", "output: -3", "accountTerms.01A2B3-C4D5E6-F7A8B9.prices.gemini-3.8-flash.output", "-3 is not a quantity", "0 or more"),
    ("a rate of nothing", "usdRate: 0.9", "usdRate: 0", "accountTerms.01A2B3-C4D5E6-F7A8B9.usdRate", "0 is not above 0", "above 0"),
    ("a tier's limits of no model", "tierLimits: {gemini-3.8-flash", "tierLimits: {gemini-9", "accountTerms.01A2B3-C4D5E6-F7A8B9.tierLimits.gemini-9", "no limits can be set", "did you mean"),
    ("a mistyped derive", "derive: {", "derived: {", "projects.plan.limits.derived", "unknown model 'derived'", "'derive'"),
]  # fmt: skip

GUARDED = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:notificationProject: acme-seed
  gemini-landing-zone:guard: {region: europe-west1, poll: 2m, seriesDelay: 5m, email: [oncall@example.com]}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      keys: {backend: {}}
      budget: {amount: 1200, currency: USD}
      guard: {amount: 1000, notify: 0.4, throttle: {at: 0.7, to: 0.5}, stop: {at: 0.9, by: keys}, unlinkBilling: 1.5, rate: {times: 5}}
"""
# The same, for the spend guard.
GUARD_MISTAKES = [
    ("a guard of no budget", "budget: {amount: 1200, currency: USD}", "adopt: true\n      budget: false", "projects.chat.guard", "there is none", "budget:"),
    ("a guard with a mistyped step", "throttle:", "throtle:", "projects.chat.guard.throtle", "unknown key", "'throttle'"),
    ("a share that is an amount", "notify: 0.4", "notify: 400", "projects.chat.guard.notify", "400 is 40000% of the budget", "write a share"),
    ("a throttle to more than there is", "to: 0.5", "to: 1.5", "projects.chat.guard.throttle.to", "1.5 is not a share between 0 and 1", "0.05 is 5 %"),
    ("a stop by what cannot be stopped", "by: keys", "by: billing", "projects.chat.guard.stop.by", "'billing'", "by: both"),
    ("a throttle after the stop", "at: 0.7", "at: 0.95", "projects.chat.guard.stop", "stop at 0.9 of the amount, before it would throttle", "0.95 or more"),
    ("billing unlinked before the stop", "unlinkBilling: 1.5", "unlinkBilling: 0.8", "projects.chat.guard.unlinkBilling", "unlink billing at 0.8", "0.9 or more"),
    ("billing linked by itself", "rate: {", "releaseAtNewPeriod: true, rate: {", "projects.chat.guard.releaseAtNewPeriod", "nobody but a person links it again", "leave unlinkBilling"),
    ("a burst of nothing", "times: 5", "times: 0", "projects.chat.guard.rate.times", "0 is not above 0", "above 0"),
    ("a guard without an amount of a month", "currency: USD}\n      guard: {amount: 1000, ", "currency: USD, period: quarter}\n      guard: {", "projects.chat.guard.amount", "the guard counts a month", "amount: 1000"),
    ("cents of a currency that has none", "currency: USD}\n      guard: {amount: 1000", "currency: JPY}\n      guard: {amount: 1000.5", "projects.chat.guard.amount", "JPY", "1001"),
    ("a key that is bound to nothing", "backend: {}", "backend: {standard: true}", "projects.chat.guard.stop.by", "key backend is bound to none", "by: limits"),
    ("a key of somebody's account", "backend: {}", "backend: {serviceAccount: app@acme-seed.iam.gserviceaccount.com}", "projects.chat.guard.stop.by", "none that the stack makes", "by: limits"),
    ("keys to stop, and none", "keys: {backend: {}}", "keys: {}", "projects.chat.guard.stop.by", "the project has no key here", "by: limits"),
    ("a guard that nobody hears of", ", email: [oncall@example.com]", "", "projects.chat.guard", "nobody would be notified", "email: [oncall@example.com]"),
    ("a guard and no project for it", "  gemini-landing-zone:notificationProject: acme-seed\n", "", "projects.chat.guard", "needs a project to run in", "notificationProject: acme-seed"),
    ("a guard in what it guards", "notificationProject: acme-seed", "notificationProject: acme-chat-prod", "projects.chat.guard", "run in the project that it stops", "another project"),
    ("a guard and no price in its currency", "currency: USD", "currency: EUR", "projects.chat.guard", "what one is in EUR", "usdRate: 0.92"),
    ("a poll that divides no hour", "poll: 2m", "poll: 7m", "guard.poll", "'7m' does not divide an hour", "1m, 2m"),
    ("a place that is no region", "region: europe-west1", "region: Europe", "guard.region", "not a region", "europe-west1"),
    ("a delay that is no time", "seriesDelay: 5m", "seriesDelay: 5", "guard.seriesDelay", "5 is not a time", "24h"),
]  # fmt: skip
#: The right text, and the mistakes that are made in it.
TABLES = ((PAID, MISTAKES), (WIDE, WIDE_MISTAKES), (WIDE, COST_MISTAKES), (GUARDED, GUARD_MISTAKES))


PACKAGE = "landing_zone.settings."
#: What no stack file has.
INTERNAL = {"Derivation", "EnvironmentSettings", "Threshold"}
#: Read out of a word; and defaults, which are a part of a project.
BEHIND = {("Period", "calendar"), ("StackFileSettings", "defaults")}


def descendants(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from descendants(each)


def mistakes(folder: Path, text: str) -> list[dict[str, str | int | None]]:
    file = folder / "Pulumi.prod.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_file("prod", file)
    return [problem.as_json() for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("base", "right", "wrong", "path", "reason", "remedy"),
    [(base, *row[1:]) for base, rows in TABLES for row in rows],
    ids=[row[0] for _, rows in TABLES for row in rows],
)
def test_a_mistake_is_told_where_it_is_and_how_to_mend_it(
    tmp_path: Path, base: str, right: str, wrong: str, path: str, reason: str, remedy: str
) -> None:
    assert base.count(right) >= 1
    text = base.replace(right, wrong, 1)
    told = [
        problem for problem in mistakes(tmp_path, text) if problem["path"] == f"gemini-landing-zone:{path}"
    ]
    assert len(told) == 1
    assert reason in str(told[0]["reason"])
    assert remedy in str(told[0]["remedy"])
    assert told[0]["file"] == str(tmp_path / "Pulumi.prod.yaml")
    # The line is that of the key, or of the nearest key above it where the mistake is that something is missing.
    line = text.splitlines()[int(str(told[0]["line"])) - 1]
    words = path.replace("]", "").replace("[", ".").replace("gemini-2.5", "gemini-2_5").split(".")
    assert any(word.replace("_5", ".5") in line for word in words)


WORD = re.compile(r"[^\W_]+")
#: What says nothing of what to write.
PLAIN = set(
    re.findall(
        r"\w+", "write writes a an the it is are no not of to in or and for such as with here one at most"
    )
)
SETTINGS = {key for model in descendants(Settings) for key in known_keys(model)}


def words(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)} - PLAIN


@pytest.mark.parametrize(
    ("base", "right", "wrong"),
    [(base, *row[1:3]) for base, rows in TABLES for row in rows],
    ids=[row[0] for _, rows in TABLES for row in rows],
)
def test_a_hint_says_more_than_the_mistake_and_shows_what_to_write(
    tmp_path: Path, base: str, right: str, wrong: str
) -> None:
    for problem in mistakes(tmp_path, base.replace(right, wrong, 1)):
        reason, remedy = str(problem["reason"]), str(problem["remedy"])
        assert words(remedy) - words(reason), (reason, remedy)
        # A setting by its name, a value or a command to copy, or what was probably meant.
        shown = re.search(
            r"such as \S|one of: \S|\d|`[^`]+`|'[^']+'|\[[^\]]+\]|\{[^}]+\}|\b[A-Z]{2,}\b", remedy
        )
        named = SETTINGS & set(re.findall(r"\w+", remedy))
        assert shown or named or remedy.startswith("did you mean "), (reason, remedy)


@pytest.mark.parametrize(
    "model",
    [
        Limits,
        *(
            kind
            for kind in descendants(Settings)
            if kind.__module__.startswith(PACKAGE) and kind.__name__ not in INTERNAL
        ),
    ],
    ids=lambda model: model.__name__,
)
def test_every_setting_has_an_example_that_it_takes(model: type[Any]) -> None:
    for name, field in fields_of(model).items():
        if (model.__name__, name) not in BEHIND:
            assert field.examples, f"{model.__name__}.{name} has no example"
            annotation: Any = (
                Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            )
            TypeAdapter(annotation).validate_python(yaml.safe_load(field.examples[0]))


def test_the_right_text_is_right(tmp_path: Path) -> None:
    for text in (PAID, WIDE, FREE, GUARDED):
        (tmp_path / "Pulumi.prod.yaml").write_text(text)
        assert load_file("prod", tmp_path / "Pulumi.prod.yaml").projects


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config: [", "not YAML"),
        ("secretsprovider: passphrase\n", "no config"),
        ("config:\n  gcp:project: x\n", "no project"),
        ("config:\n  gemini-landing-zone:projects: {}\n", "no project"),
        ("config:\n  gemini-landing-zone:projects: chat\n", "not a mapping"),
        ("config:\n  gemini-landing-zone:projects:\n    chat: acme-chat\n", "not a mapping"),
    ],
)
def test_a_file_that_holds_no_environment_is_told(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in str(mistakes(tmp_path, text))


def test_free_with_an_account_of_its_own(tmp_path: Path) -> None:
    text = FREE + "      billingAccount: 01A2B3-C4D5E6-F7A8B9\n"
    [problem] = mistakes(tmp_path, text)
    assert problem["path"] == "gemini-landing-zone:projects.lab.billingAccount"
    assert problem["line"] == 6


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        PAID.replace("acme-chat-prod", "x")
        .replace("USD", "UDS")
        .replace("60", "many")
        .replace("oncall@", "oncall")
    )
    told = mistakes(tmp_path, text)
    assert [problem["path"] for problem in told] == [
        f"gemini-landing-zone:projects.chat.{path}"
        for path in (
            "projectId",
            "budget.currency",
            "alerts.email[0]",
            "limits.gemini-2.5-flash.requestsPerMinute",
        )
    ]
    lines = [int(str(problem["line"])) for problem in told]
    assert lines == sorted(lines)


def test_a_mistyped_key_is_one_mistake_not_also_a_missing_one(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, PAID.replace("tier:", "teir:"))) == 1


def test_a_mistake_in_the_defaults_is_told_once_and_there(tmp_path: Path) -> None:
    content = yaml.safe_load(FREE)
    content["config"]["gemini-landing-zone:projects"]["two"] = {"projectId": "acme-two-dev", "tier": "free"}
    content["config"]["gemini-landing-zone:defaults"] = {"alerts": {"email": ["nobody"]}}
    [problem] = mistakes(tmp_path, yaml.safe_dump(content))
    assert problem["path"] == "gemini-landing-zone:defaults.alerts.email[0]"


def test_a_key_pasted_into_the_file_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    pasted = "AIzaSy" + "0" * 33
    text = PAID.replace("{allowedIps: [203.0.113.0/24]}", pasted)
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_file("prod", file)
    assert pasted not in str(raised.value)
    assert "projects.chat.keys.backend" in str(raised.value)


def test_an_unknown_key_is_reported_besides_the_number_that_it_has(tmp_path: Path) -> None:
    text = PAID.replace("requestsPerMinute: 60", "requestPerMinute: 0x1F, requestsPerDay: 017")
    assert [problem["reason"] for problem in mistakes(tmp_path, text)] == [
        "0x1F is not written in decimal digits, and is another number to other readers of YAML",
        "unknown key 'requestPerMinute'",
        "017 is not written in decimal digits, and is another number to other readers of YAML",
    ]
