"""What can be wrong with operations and views while they are built (BW35x to BW38x)."""

from __future__ import annotations

from backwright.spec.diagnostics import register

UNKNOWN = register(
    "BW350",
    "An unknown entity, binding, view or operation",
    "A step, a view or an answer speaks of something that the specification does not have at that point.",
    "steps: [{find: Ordr}]",
)
STEP_FORM = register(
    "BW351",
    "A step with a key that it does not take, or without one that it needs",
    "A key that has no effect hides a mistake; each verb has one form.",
    "steps: [{find: Order, from: body}]",
)
BINDING = register(
    "BW352",
    "A binding that is made twice",
    "Each name means one thing in an operation; the second would hide the first.",
    "steps: [{find: Order}, {find: Order}]",
)
NO_WAY = register(
    "BW353",
    "A row that nothing identifies",
    "A row is found by its key, by a unique field that the path names, or by a condition.",
    "route: GET /orders\nread: Order",
)
BODY_MEMBER = register(
    "BW355",
    "A body member that cannot be sent",
    "Keys, states and what the system sets are never input: that closes mass assignment.",
    "create: Order\nbody: [total, created_at]",
)
NOT_GIVEN = register(
    "BW356",
    "A required field that nothing gives a value",
    "Every row has a value in each field that cannot be null.",
    "create: Order\nbody: [note]",
)
UNCHANGEABLE = register(
    "BW357",
    "A field or a row that cannot be changed like this",
    "Keys and immutable values stay as they are, and a state changes only through its moves.",
    "update: order\nset: {status: shipped}",
)
UNIQUE_KEY = register(
    "BW358",
    "No unique key finds the one row",
    "`ensure` and `upsert` ask whether the row is there: only a unique key can say so.",
    "upsert: Reading\nby: room",
)
EACH_ORDER = register(
    "BW359",
    "Rows without an order",
    "A list is the same each time it is asked for only where its order is said.",
    "shape: {lines: {each: this.lines, view: Line}}",
)
VIEW_MEMBER = register(
    "BW362",
    "A view that cannot be made",
    "A view shows fields and values of one entity; secrets are in no view.",
    "views: {Account: {of: User, fields: [email, password]}}",
)
RESPOND = register(
    "BW363",
    "An answer that cannot be made",
    "An answer is one thing: a row, a page, a shape, text, a page of HTML, CSV, a file or nothing.",
    "respond: {text: order.note, body: Order(order)}",
)
PAGING = register(
    "BW365",
    "A list that cannot be divided into pages",
    "Pages need a size, a style, and names of parameters that differ from all others.",
    "paging: {style: pages}",
)
STATUS = register(
    "BW366",
    "A status that is not one",
    "A success answers with a status of 200 to 399 (RFC 9110); callers and documents rely on it.",
    "respond: {status: 700}",
)
HEADER = register(
    "BW367",
    "A header or a cookie that cannot be sent",
    "Names are tokens (RFC 9110) and values are one line; others would let callers write headers themselves.",
    "respond: {headers: {'x total': total}}",
)
IF_MATCH = register(
    "BW372",
    "A precondition that nothing can meet",
    "`If-Match` compares the version that the caller saw with the stored one.",
    "update: Order\nif_match: required  # Order has no `version: true`",
)
DEPRECATED = register(
    "BW374",
    "A deprecation that cannot be announced",
    "Clients plan by the dates in the headers (RFC 9745, RFC 8594).",
    "deprecated: {since: soon}",
)
TEMPLATE = register(
    "BW375",
    "A page that cannot be rendered",
    "A template names only what the answer gives it, and everything in it is escaped.",
    "respond: {html: templates/order.html, with: {}}",
)
CSV = register(
    "BW376",
    "A CSV file that cannot be made",
    "A CSV file has rows, headings and a value for each.",
    "respond: {csv: items, columns: {}}",
)
LIKE = register(
    "BW377",
    "An operation that is like itself",
    "`like` takes over what another operation says; in a circle nobody says anything.",
    "a: {like: b}\nb: {like: a}",
)
ROUTE = register(
    "BW378",
    "A route that cannot be read",
    "A route is a method and a path of plain segments and `{parameters}`.",
    "route: FETCH /orders",
)
PARENT = register(
    "BW379",
    "A parent that does not fit",
    "The rows of a nested path belong to their parent through one reference.",
    "parent: {customer: Customer}\nlist: Order  # refers to Customer twice",
)
MOVE = register(
    "BW380",
    "An unknown move",
    "A state changes through the moves that its entity declares.",
    "move: Order.shp",
)
PARAMETER = register(
    "BW382",
    "A parameter or a member that cannot be typed",
    "Every value of a request is checked by its type before anything sees it.",
    "params: {state: {like: Order.stat}}",
)
TOLD = register(
    "BW969",
    "A header that cannot be a parameter",
    "Some headers already mean something (credentials, the kind of the body, preconditions), and some values cannot be "
    "written in one.",
    "params: {who: {type: string, header: Authorization}}",
)
BARE = register(
    "BW970",
    "A body that cannot be a list",
    "A list has no names: it is the one member of its body, it has to be there, and it comes as JSON.",
    "body: {lines: {list: string}, note: string}\nbare: lines",
)
SIGN_IN = register(
    "BW383",
    "Signing in without an identity",
    "Tokens and passwords belong to the entity that `auth.identity` names.",
    "steps: [{sign_in: order}]",
)
GROUP_ORDER = register(
    "BW340",
    "An order of groups that cannot be",
    "Groups are ordered by what they are grouped by and by their values; nothing else is known of them.",
    "steps: [{select: Task, group: {state: this.state}, values: {n: size(rows)}, order: title}]",
)
ORDER = register(
    "BW384",
    "An order by something that has none",
    "Lists, sets of rows and secrets have no order.",
    "sort: {labelled: [labels]}",
)
WIRE = register(
    "BW386",
    "Two members with one name",
    "A JSON object has each name once.",
    "views: {Order: {of: Order, fields: [total], shape: {total: this.sum}}}",
)
OPERATION_FORM = register(
    "BW387",
    "A key that an operation of this kind does not take",
    "A key that has no effect hides a mistake.",
    "read: Order\nfilters: {open: this.open == params.open}",
)
LOGIC_FORM = register(
    "BW390",
    "Custom logic that cannot be declared like this",
    "Its function, its types and its errors get names from it, and its examples are run as tests.",
    "logic: {quote: {output: {total: decimal}, errors: {too_many: invalid}, examples: [{input: {}, error: other}]}}",
)
LATE_CALL = register(
    "BW391",
    "A call after a write",
    "A call can take long and can fail; before all writes it holds no lock, and nothing has to be undone.",
    "steps: [{create: Order}, {call: quote}]",
)
LOGIC_INPUT = register(
    "BW392",
    "An input of custom logic that nothing gives a value, or that it does not have",
    "The function gets every input that it declares, and nothing else.",
    "steps: [{call: quote, set: {amount: body.amount}}]",
)
ENVIRONMENT_FORM = register(
    "BW394",
    "A setting or an integration that cannot be declared like this",
    "Its name becomes a variable of the environment, an attribute of the function's and a word in its documents.",
    "settings: {port: integer}",
)
ENVIRONMENT_UNKNOWN = register(
    "BW395",
    "Something that custom logic uses and nobody declared",
    "A function gets what is declared, and nothing else.",
    "logic: {quote: {output: {total: decimal}, uses: [clok]}}",
)
LOGIC_READS = register(
    "BW393",
    "Custom logic that reads what nobody may read",
    "What a function reads is what its caller may read; it would never get a row.",
    "logic: {quote: {output: {total: decimal}, reads: [Secret]}}  # Secret: {access: none}",
)
