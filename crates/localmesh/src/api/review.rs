//! Reviews: questions that are answered and never stored. Whoever has the token may do everything.

use serde_json::{Value, json};

use super::path::api_version;

/// One kind of review.
#[derive(Debug)]
pub(super) struct Review {
    /// API group.
    pub(super) group: &'static str,
    /// Its only version.
    pub(super) version: &'static str,
    /// Kind.
    pub(super) kind: &'static str,
    /// Name in the URL.
    pub(super) plural: &'static str,
    answer: fn() -> Value,
}

/// All reviews.
pub(super) static ALL: &[Review] = &[
    Review {
        group: "authorization.k8s.io",
        version: "v1",
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        answer: || json!({ "allowed": true, "reason": "the token of the local mesh" }),
    },
    Review {
        group: "authorization.k8s.io",
        version: "v1",
        kind: "SelfSubjectRulesReview",
        plural: "selfsubjectrulesreviews",
        answer: || {
            json!({
                "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }],
                "nonResourceRules": [{ "verbs": ["*"], "nonResourceURLs": ["*"] }],
                "incomplete": false,
            })
        },
    },
    Review {
        group: "authentication.k8s.io",
        version: "v1",
        kind: "SelfSubjectReview",
        plural: "selfsubjectreviews",
        answer: || json!({ "userInfo": { "username": "faultless", "groups": ["system:masters"] } }),
    },
];

// === impl Review ===

impl Review {
    /// The review a URL means.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        ALL.iter().find(|review| {
            path.strip_prefix("/apis/")
                .and_then(|path| path.strip_prefix(review.group)?.strip_prefix('/'))
                .and_then(|path| path.strip_prefix(review.version)?.strip_prefix('/'))
                == Some(review.plural)
        })
    }

    /// The question with its answer.
    pub(super) fn answered(&self, mut question: Value) -> Value {
        if !question.is_object() {
            question = json!({});
        }
        question["kind"] = json!(self.kind);
        question["apiVersion"] = json!(api_version(self.group, self.version));
        question["status"] = (self.answer)();
        question
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_token_may_do_everything() {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let review = Review::find(path).unwrap();
        let answer = review.answered(json!({"spec": {"resourceAttributes": {"verb": "get"}}}));
        assert_eq!(answer["status"]["allowed"], true);
        assert_eq!(answer["spec"]["resourceAttributes"]["verb"], "get");
        assert!(Review::find("/apis/authorization.k8s.io/v1/pods").is_none());
    }
}
