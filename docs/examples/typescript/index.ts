// A project with the Gemini API from a TypeScript program. First: pulumi package add ../../../components
import * as gemini from "@pulumi/gemini-landing-zone";

const chat = new gemini.GeminiProject("chat", {
    projectId: "acme-chat-from-ts",
    tier: "paid",
    parent: "folders/987654321098",
    billingAccount: "01A2B3-C4D5E6-F7A8B9",
    deletionPolicy: "DELETE",
    keys: { backend: { allowedIps: ["203.0.113.0/24"] } },
    budget: { amount: 1200.5, currency: "USD", thresholds: [0.5, 1.0] },
    limits: { "gemini-3.8-flash": { requestsPerMinute: 60 }, others: "deny" },
});

export const number = chat.number;
export const keys = chat.keyStrings; // a secret
