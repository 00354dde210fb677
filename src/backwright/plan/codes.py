"""Diagnostics of the plan (BW6xx): what needs an approval, and what cannot be carried out with data yet."""

from __future__ import annotations

from backwright.spec.diagnostics import register

DESTRUCTIVE = register(
    "BW601",
    "destructive change without an approval",
    "Data would leave the service. Someone has to say that this is meant, for exactly this plan.",
    "a field that is no longer in the specification",
)
WIDENS_ACCESS = register(
    "BW602",
    "wider access without an approval",
    "More callers could see or change rows than before, or it cannot be told whether they could.",
    "access: this.owner == caller becomes access: public",
)
BREAKING = register(
    "BW603",
    "breaking change without an approval",
    "Clients that work today would stop working.",
    "a member of a response that is no longer there",
)
SLOW = register(
    "BW623",
    "slow with as many rows as are declared, without an approval",
    "A request would look at every row of a table that is declared large; with the first real data it takes seconds.",
    "expected_rows: 1000000, and a filter on a field that no index begins with",
)
APPROVAL_UNREADABLE = register(
    "BW604",
    "approval file that cannot be used",
    "An approval counts only when it says which plan and which changes, who, why, and how to go back.",
    "approvals/<hash>.yaml without `rollback`",
)
LOOKS_LIKE_RENAME = register(
    "BW605",
    "a drop and an add that look alike",
    "Dropping and adding loses the values; a rename keeps them. The two look the same in the specification.",
    "field `due` is gone and field `deadline` of the same type is new",
)
APPROVAL_MISTAKEN = register(
    "BW606",
    "an approval of something else",
    "An approval holds for exactly one plan and the changes that it names; anything looser would approve the unseen.",
    "backwright approve 0123456789ab --change 'remove-field Note.due', where the plan has another hash",
)
TYPE_CHANGE = register(
    "BW610",
    "change of a stored type that has no conversion",
    "Only values with one counterpart in the later type are converted; guessing could lose them.",
    "count: json becomes count: integer",
)
NARROWER = register(
    "BW611",
    "narrower bounds that the database cannot check",
    "Rows that are stored already may lie outside, and no constraint of the database would find them.",
    "the elements of a list get max: 100 instead of max: 200",
)
NEW_UNIQUE = register(
    "BW614",
    "new unique field with one value for all rows",
    "Every row that exists would get the same default, and two equal values cannot be unique.",
    "code: {type: string, unique: true, default: x}, added to an entity that is already deployed",
)
KEY_CHANGE = register(
    "BW615",
    "change of a key that something else relies on",
    "References follow a key that changes; tokens, policies and keys that are listed in one value do not.",
    "auth: {identity: User}, and the key `id` of User becomes a sequence",
)
NAME_REUSE = register(
    "BW616",
    "a name that is freed and taken in one plan",
    "Rows of the old and the new thing of this name could be taken for each other.",
    "entity A is renamed to B and a new entity A appears",
)
UNSTORABLE_DEFAULT = register(
    "BW617",
    "default that the database cannot fill in",
    "Rows that exist get the default; only constants and `now` can be filled in so far.",
    "default: params.x",
)
CONTRADICTORY_WAS = register(
    "BW618",
    "`was` names something that is still there",
    "A rename takes the old name away; with both there it cannot be told whose the stored values are.",
    "deadline: {type: date, was: due}, with the field `due` still in the entity",
)
ENCRYPTION = register(
    "BW619",
    "stored values that would have to be encrypted or decrypted",
    "Only the service has the keys; converting what is stored already is not built yet.",
    "number: string becomes number: {type: string, encrypted: true}",
)

NOT_IN_TWO_STEPS = register(
    "BW810",
    "a change that cannot be made in two steps",
    "The earlier version of the service would fail from the migration on, and both are meant to serve meanwhile.",
    "service: {changes: expand_then_contract}, and an entity that is no longer in the specification",
)
OUTSTANDING = register(
    "BW811",
    "a change of data before the last one is finished",
    "What is kept for the earlier version would have to be kept in step with two later ones.",
    "a field is added while the contraction of a renamed one was not approved yet",
)
UNSIGNED = register(
    "BW620",
    "an approval without a valid signature",
    "The base branch demands signatures of the people whom it allows; anybody can write a file.",
    "approvals/<hash>.yaml without `signature`, where the base branch has approvals/allowed_signers",
)
UNMOVED = register(
    "BW621",
    "a field that cannot move to another entity",
    "Values move between a row and what refers to it; which one is meant must be clear.",
    "street: {type: string, was: Order.street}, in an entity without a reference to Order, or with two",
)
