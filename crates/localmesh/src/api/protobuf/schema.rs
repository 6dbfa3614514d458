//! The protobuf messages of the objects that `kubectl` creates by itself: field numbers of
//! `generated.proto` in `k8s.io/api` and `k8s.io/apimachinery` (they never change).

/// A message.
pub(super) struct Message {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

/// A field of a message.
pub(super) struct Field {
    pub(super) number: u64,
    /// Its name in JSON.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// What a field holds.
pub(super) enum Shape {
    /// `string`
    Text,
    /// `bytes`, base64 in JSON.
    Bytes,
    /// `int32`, `int64`
    Whole,
    /// `bool`
    Flag,
    /// `intstr.IntOrString`
    IntOrString,
    /// `resource.Quantity`
    Quantity,
    /// `meta/v1.Time`
    Time,
    /// Another message.
    Of(&'static Message),
    /// A repeated field.
    List(&'static Shape),
    /// A map from strings.
    Map(&'static Shape),
    /// Left out when empty: every field that is no pointer in Go.
    Omitted(&'static Shape),
    /// The status, which a create does not set.
    Skip,
}

use Shape::{Bytes, Flag, IntOrString, List, Map, Of, Omitted, Quantity, Skip, Text, Time, Whole};

const fn f(number: u64, name: &'static str, shape: Shape) -> Field {
    Field { number, name, shape }
}

const fn text(number: u64, name: &'static str) -> Field {
    f(number, name, Omitted(&Text))
}

const fn texts(number: u64, name: &'static str) -> Field {
    f(number, name, List(&Text))
}

const fn flag(number: u64, name: &'static str) -> Field {
    f(number, name, Omitted(&Flag))
}

const fn whole(number: u64, name: &'static str) -> Field {
    f(number, name, Omitted(&Whole))
}

const METADATA: Field = f(1, "metadata", Of(&OBJECT_META));
const STATUS: Field = f(3, "status", Skip);

/// The message of a kind.
pub(super) fn of(kind: &str) -> Option<&'static Message> {
    let known = [
        &NAMESPACE,
        &SECRET,
        &CONFIG_MAP,
        &SERVICE_ACCOUNT,
        &SERVICE,
        &DEPLOYMENT,
        &JOB,
        &SELF_SUBJECT_ACCESS_REVIEW,
        &SELF_SUBJECT_RULES_REVIEW,
        &SELF_SUBJECT_REVIEW,
    ];
    known.into_iter().find(|message| message.name == kind)
}

pub(super) static TYPE_META: Message =
    Message { name: "TypeMeta", fields: &[f(1, "apiVersion", Text), f(2, "kind", Text)] };

pub(super) static INT_OR_STRING: Message = Message {
    name: "IntOrString",
    fields: &[f(1, "type", Whole), f(2, "intVal", Whole), f(3, "strVal", Text)],
};

pub(super) static QUANTITY: Message = Message { name: "Quantity", fields: &[f(1, "string", Text)] };

pub(super) static TIME: Message =
    Message { name: "Time", fields: &[f(1, "seconds", Whole), f(2, "nanos", Whole)] };

static OBJECT_META: Message = Message {
    name: "ObjectMeta",
    fields: &[
        text(1, "name"),
        text(2, "generateName"),
        text(3, "namespace"),
        text(4, "selfLink"),
        text(5, "uid"),
        text(6, "resourceVersion"),
        whole(7, "generation"),
        f(8, "creationTimestamp", Omitted(&Time)),
        f(11, "labels", Map(&Text)),
        f(12, "annotations", Map(&Text)),
        f(13, "ownerReferences", List(&Of(&OWNER_REFERENCE))),
        texts(14, "finalizers"),
    ],
};

static OWNER_REFERENCE: Message = Message {
    name: "OwnerReference",
    fields: &[
        text(1, "kind"),
        text(3, "name"),
        text(4, "uid"),
        text(5, "apiVersion"),
        f(6, "controller", Flag),
        f(7, "blockOwnerDeletion", Flag),
    ],
};

static NAMESPACE: Message = Message {
    name: "Namespace",
    fields: &[METADATA, f(2, "spec", Omitted(&Of(&NAMESPACE_SPEC))), STATUS],
};

static NAMESPACE_SPEC: Message =
    Message { name: "NamespaceSpec", fields: &[texts(1, "finalizers")] };

static SECRET: Message = Message {
    name: "Secret",
    fields: &[
        METADATA,
        f(2, "data", Map(&Bytes)),
        text(3, "type"),
        f(4, "stringData", Map(&Text)),
        f(5, "immutable", Flag),
    ],
};

static CONFIG_MAP: Message = Message {
    name: "ConfigMap",
    fields: &[
        METADATA,
        f(2, "data", Map(&Text)),
        f(3, "binaryData", Map(&Bytes)),
        f(4, "immutable", Flag),
    ],
};

static SERVICE_ACCOUNT: Message = Message {
    name: "ServiceAccount",
    fields: &[
        METADATA,
        f(3, "imagePullSecrets", List(&Of(&LOCAL_OBJECT_REFERENCE))),
        f(4, "automountServiceAccountToken", Flag),
    ],
};

static LOCAL_OBJECT_REFERENCE: Message =
    Message { name: "LocalObjectReference", fields: &[text(1, "name")] };

static SERVICE: Message =
    Message { name: "Service", fields: &[METADATA, f(2, "spec", Of(&SERVICE_SPEC)), STATUS] };

static SERVICE_SPEC: Message = Message {
    name: "ServiceSpec",
    fields: &[
        f(1, "ports", List(&Of(&SERVICE_PORT))),
        f(2, "selector", Map(&Text)),
        text(3, "clusterIP"),
        text(4, "type"),
        texts(5, "externalIPs"),
        text(7, "sessionAffinity"),
        text(8, "loadBalancerIP"),
        text(10, "externalName"),
        text(11, "externalTrafficPolicy"),
        whole(12, "healthCheckNodePort"),
        flag(13, "publishNotReadyAddresses"),
    ],
};

static SERVICE_PORT: Message = Message {
    name: "ServicePort",
    fields: &[
        text(1, "name"),
        text(2, "protocol"),
        f(3, "port", Whole),
        f(4, "targetPort", Omitted(&IntOrString)),
        whole(5, "nodePort"),
        f(6, "appProtocol", Text),
    ],
};

static DEPLOYMENT: Message =
    Message { name: "Deployment", fields: &[METADATA, f(2, "spec", Of(&DEPLOYMENT_SPEC)), STATUS] };

static DEPLOYMENT_SPEC: Message = Message {
    name: "DeploymentSpec",
    fields: &[
        f(1, "replicas", Whole),
        f(2, "selector", Of(&LABEL_SELECTOR)),
        f(3, "template", Of(&POD_TEMPLATE)),
        f(4, "strategy", Omitted(&Of(&DEPLOYMENT_STRATEGY))),
        whole(5, "minReadySeconds"),
        f(6, "revisionHistoryLimit", Whole),
        flag(7, "paused"),
        f(9, "progressDeadlineSeconds", Whole),
    ],
};

static DEPLOYMENT_STRATEGY: Message =
    Message { name: "DeploymentStrategy", fields: &[text(1, "type")] };

static LABEL_SELECTOR: Message =
    Message { name: "LabelSelector", fields: &[f(1, "matchLabels", Map(&Text))] };

static JOB: Message =
    Message { name: "Job", fields: &[METADATA, f(2, "spec", Of(&JOB_SPEC)), STATUS] };

static JOB_SPEC: Message = Message {
    name: "JobSpec",
    fields: &[
        f(1, "parallelism", Whole),
        f(2, "completions", Whole),
        f(3, "activeDeadlineSeconds", Whole),
        f(4, "selector", Of(&LABEL_SELECTOR)),
        f(5, "manualSelector", Flag),
        f(6, "template", Of(&POD_TEMPLATE)),
        f(7, "backoffLimit", Whole),
        f(8, "ttlSecondsAfterFinished", Whole),
        f(9, "completionMode", Text),
        f(10, "suspend", Flag),
    ],
};

static POD_TEMPLATE: Message = Message {
    name: "PodTemplateSpec",
    fields: &[f(1, "metadata", Omitted(&Of(&OBJECT_META))), f(2, "spec", Of(&POD_SPEC))],
};

static POD_SPEC: Message = Message {
    name: "PodSpec",
    fields: &[
        f(2, "containers", List(&Of(&CONTAINER))),
        text(3, "restartPolicy"),
        f(4, "terminationGracePeriodSeconds", Whole),
        f(5, "activeDeadlineSeconds", Whole),
        text(6, "dnsPolicy"),
        f(7, "nodeSelector", Map(&Text)),
        text(8, "serviceAccountName"),
        text(9, "serviceAccount"),
        text(10, "nodeName"),
        flag(11, "hostNetwork"),
        flag(12, "hostPID"),
        flag(13, "hostIPC"),
        f(15, "imagePullSecrets", List(&Of(&LOCAL_OBJECT_REFERENCE))),
        text(16, "hostname"),
        text(17, "subdomain"),
        text(19, "schedulerName"),
        f(20, "initContainers", List(&Of(&CONTAINER))),
        f(21, "automountServiceAccountToken", Flag),
        text(24, "priorityClassName"),
    ],
};

static CONTAINER: Message = Message {
    name: "Container",
    fields: &[
        text(1, "name"),
        text(2, "image"),
        texts(3, "command"),
        texts(4, "args"),
        text(5, "workingDir"),
        f(6, "ports", List(&Of(&CONTAINER_PORT))),
        f(7, "env", List(&Of(&ENV_VAR))),
        f(8, "resources", Omitted(&Of(&RESOURCES))),
        text(13, "terminationMessagePath"),
        text(14, "imagePullPolicy"),
        flag(16, "stdin"),
        flag(17, "stdinOnce"),
        flag(18, "tty"),
        text(20, "terminationMessagePolicy"),
    ],
};

static CONTAINER_PORT: Message = Message {
    name: "ContainerPort",
    fields: &[
        text(1, "name"),
        whole(2, "hostPort"),
        f(3, "containerPort", Whole),
        text(4, "protocol"),
        text(5, "hostIP"),
    ],
};

static ENV_VAR: Message = Message { name: "EnvVar", fields: &[text(1, "name"), text(2, "value")] };

static RESOURCES: Message = Message {
    name: "ResourceRequirements",
    fields: &[f(1, "limits", Map(&Quantity)), f(2, "requests", Map(&Quantity))],
};

static SELF_SUBJECT_ACCESS_REVIEW: Message = Message {
    name: "SelfSubjectAccessReview",
    fields: &[METADATA, f(2, "spec", Of(&ACCESS_REVIEW_SPEC)), STATUS],
};

static ACCESS_REVIEW_SPEC: Message = Message {
    name: "SelfSubjectAccessReviewSpec",
    fields: &[
        f(1, "resourceAttributes", Of(&RESOURCE_ATTRIBUTES)),
        f(2, "nonResourceAttributes", Of(&NON_RESOURCE_ATTRIBUTES)),
    ],
};

static RESOURCE_ATTRIBUTES: Message = Message {
    name: "ResourceAttributes",
    fields: &[
        text(1, "namespace"),
        text(2, "verb"),
        text(3, "group"),
        text(4, "version"),
        text(5, "resource"),
        text(6, "subresource"),
        text(7, "name"),
    ],
};

static NON_RESOURCE_ATTRIBUTES: Message =
    Message { name: "NonResourceAttributes", fields: &[text(1, "path"), text(2, "verb")] };

static SELF_SUBJECT_RULES_REVIEW: Message = Message {
    name: "SelfSubjectRulesReview",
    fields: &[METADATA, f(2, "spec", Of(&RULES_REVIEW_SPEC)), STATUS],
};

static RULES_REVIEW_SPEC: Message =
    Message { name: "SelfSubjectRulesReviewSpec", fields: &[text(1, "namespace")] };

static SELF_SUBJECT_REVIEW: Message =
    Message { name: "SelfSubjectReview", fields: &[METADATA, f(2, "status", Skip)] };
