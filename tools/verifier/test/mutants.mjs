#!/usr/bin/env node
// Breaks the verifier on purpose, one check at a time, and runs its tests: each mutant must make one of them fail.
//
//   node tools/verifier/test/mutants.mjs [TEXT ...]     only mutants whose line contains one of these
//
// A mutant is one textual replacement in lib, applied to a copy; what it replaces must stand there exactly once. Prints a
// table; the exit code is 1 where a mutant survives, 2 where a replacement does not fit or the tests fail without any. One
// process at a time.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const verifier = fileURLToPath(new URL('..', import.meta.url));
const vectors = fileURLToPath(new URL('../../../docs/vectors', import.meta.url));

/** Steps of the tests, the quick ones first: a file, and a pattern of names where it is run in parts. */
const STEPS = {
  vectors: ['vectors.test.mjs'],
  genesis: ['genesis.test.mjs'],
  epochs: ['epochs.test.mjs'],
  membership: ['membership.test.mjs'],
  proposals: ['proposals.test.mjs'],
  roots: ['read-roots.test.mjs'],
  versions: ['versions.test.mjs'],
  rules: ['rules.test.mjs'],
  receipt: ['receipt.test.mjs'],
  forged: ['tampering.test.mjs', 'parts of|swapped|the command'],
  broken: ['ledger.test.mjs', 'a quorum signs'],
  ledger: ['ledger.test.mjs'],
  flipped: ['tampering.test.mjs', 'flipped'],
};

/** The step that most likely kills the mutants of a file comes first; all of them are tried. */
const FIRST = {
  'genesis.mjs': 'genesis', 'json.mjs': 'vectors', 'schema.mjs': 'vectors', 'receipt.mjs': 'forged', 'execution.mjs': 'broken', 'chain.mjs': 'broken', 'ledger.mjs': 'ledger',
  'leaders.mjs': 'broken', 'membership.mjs': 'membership', 'proposals.mjs': 'proposals', 'versions.mjs': 'versions', 'read-roots.mjs': 'roots', 'export.mjs': 'ledger',
};

const instead = (file, from, to) => ({ file: `${file}.mjs`, from, to });

// Not in the list is what is made sure of twice, so that neither place decides alone: a header's logSizeAfter, at the beginning of
// its block and at the end; that a key is a point, where it is read and where it is used;
// a point's length and first byte, before OpenSSL and by it; a signer that does not vote, as such and as not ascending.

/** Checks that are no longer made: their condition always holds. */
const without = (file, ...conditions) => conditions.map((c) => instead(file, `require(${c},`, 'require(true,'));

/** Text that is no longer there. */
const gone = (file, ...texts) => texts.map((text) => instead(file, text, ''));

const FORMAT_CHECK = 'require(version === 1, where, `format version ${version}`);\n';

const MUTANTS = [
  ...without('blocks', 'bytes.length === HEADER_BYTES', 'certificate.type === 2 || certificate.type === COMMIT', 'count <= SIGNATURES_MAX',
    'validator > last', 'certificate.type === COMMIT', 'certificate.epoch === header.epoch && certificate.height === header.height',
    'certificate.blockHash.equals(header.hash)', 'header.setHash.equals(set.hash)', 'certificate.signatures.length === set.quorum',
    'validator < set.members.length'),
  instead('blocks', `${FORMAT_CHECK}  return {`, 'return {'),
  instead('blocks', `${FORMAT_CHECK}  const certificate`, 'const certificate'),
  instead('blocks', 'certificate.epoch === header.epoch && ', ''),
  instead('blocks', ' && certificate.height === header.height', ''),
  instead('blocks', 'certificate.signatures.length === set.quorum', 'certificate.signatures.length >= set.quorum'),
  instead('blocks', 'members.length + faulty + 1', 'members.length + faulty - 1'),
  ...gone('blocks', '  reader.end();\n', 'requireSignature(key, message, signature, `${where}, signature of ${department}`);'),

  ...gone('bytes', " || !/^[0-9a-f]*$/.test(text)", " || bytes.toString('base64') !== text"),
  instead('bytes', 'if (this.offset + length > this.bytes.length)', 'if (false)'),
  instead('bytes', 'if (this.offset !== this.bytes.length)', 'if (false)'),

  ...gone('chain', 'height: parent.height + 1n, ', 'parentHash: parent.hash, ', ' epoch: this.#epoch,', 'nextSetHash: next.hash, ',
    'if (change) this.#epoch++;', '    this.#set = next;\n',
    'transaction.requireSigned();', 'this.#ids.set(id, position);'),
  instead('chain', ', stateRoot: this.#state.root() });', ' });'),
  instead('chain', ' logRoot: this.#log.root(), stateRoot: this.#state.root() });', ' stateRoot: this.#state.root() });'),
  ...without('chain', 'header.timeMs > parent.timeMs', 'header.proposer < set.members.length', 'transactions >= 1 && transactions <= most',
    '!this.#ids.has(id)', 'this.envelopeBytes <= parameters.block_bytes_max'),
  instead('chain', 'header.timeMs > parent.timeMs', 'header.timeMs >= parent.timeMs'),
  instead('chain', "requireCommitted(header, certificate, this.#set, 'certificate')();", ''),
  instead('chain', "require(same, name,", 'require(true, name,'),
  instead('chain', 'transactions >= 1 && ', ''),
  instead('chain', ' && transactions <= most', ''),

  ...without('execution', 'block.timeMs < expiresAtMs', 'expiresAtMs - block.timeMs <= block.parameters.expiry_horizon_ms',
    'signer.roles.includes(role)', 'expected >= version', 'expected <= version', 'definition !== null',
    'custodian === signer.department', 'department !== null', 'department.removed_height === 0n', 'custodian !== receiver', 'may', 'record?.status !== IN_FORCE', 'record.status !== ANNULLED', 'record?.status !== SUPERSEDED',
    'found !== null', 'found.version >= version', 'found.status === IN_FORCE', 'owner === signer.department',
    '!officer?.current_key.length', 'state.now(KIND.key, public_key) === null', 'officer?.current_key.length > 0', 'administrators > 1'),
  instead('execution', 'block.timeMs < expiresAtMs', 'block.timeMs <= expiresAtMs'),
  instead('execution', 'i.first_height <= height && (i.last_height === 0n || height <= i.last_height)', 'i.first_height <= height'),
  instead('execution', 'if (timeMs < interval.valid_from_ms)', 'if (false)'),
  instead('execution', 'if (interval.valid_until_ms !== 0n && timeMs >= interval.valid_until_ms)', 'if (false)'),
  instead('execution', 'if (interval.valid_until_ms !== 0n && timeMs >= interval', 'if (interval.valid_until_ms !== 0n && timeMs > interval'),
  instead('execution', 'state.before(KIND.type, type)', 'state.now(KIND.type, type)'),
  instead('execution', 'state.before(KIND.key, key)?.intervals', 'state.now(KIND.key, key)?.intervals'),
  instead('execution', 'requireRole(signer, CLERK);', ''),
  instead('execution', 'intervalOf(state, officer), height);\n  endKey(state, officer.current_key, height);', 'intervalOf(state, officer), height);'),
  instead('execution', 'intervalOf(state, officer), height)', '{ ...intervalOf(state, officer), roles: [CLERK] }, height)'),

  ...without('export', 'length <= LINE_BYTES_MAX', 'length === 0', "JSON.stringify(members) === bytes.toString('latin1')"),
  instead('export', 'Number.isSafeInteger(value) && value >= 0', 'true'),

  ...without('fields', 'PATTERNS[kind].test(text)', 'length >= from && length <= to', 'text.length <= 127 && MEDIA_TYPE.test(text)',
    'isPublicKey(bytes)', 'bytes.length === length', 'texts.length >= 1 && texts.length <= 16', '!again'),
  instead('fields', 'length >= from && ', ''),
  instead('fields', ' && length <= to', ''),
  instead('fields', 'text.length <= 127 && ', ''),
  instead('fields', 'day >= 1 && day <= days', 'true'),
  instead('fields', 'texts[i - 1] < text', 'texts[i - 1] <= text'),

  ...without('genesis', 'bytes.length <= BODY_BYTES_MAX', 'body.format_version === 1', 'body.created_at_ms > 0n', 'body.parameters !== null',
    'body.protocol_version >= 1 && body.protocol_version <= NEWEST', 'departments.length >= 1 && departments.length <= 200', 'ascends(departments.map((d) => d.id))',
    "new Set(keys.map((k) => k.toString('hex'))).size === keys.length",
    'officers.length >= 1 && officers.length <= 16', 'ascends(officers.map((o) => o.officer_id))',
    'value >= least && value <= BigInt(to)'),
  ...without('execution', 'violation === null'),
  ...gone('execution', 'if (schema) schemaOf(schema);'),
  ...gone('transaction', 'requireText(definition.schema, 0, 16_384, `${action}.schema`);'),
  ...gone('genesis', "requireLength(body.nonce, 16, 'nonce');", "requireEndpoint(department.endpoint, 'endpoint');", "requirePublicKey(department.validator_key, 'validator_key');"),
  instead('genesis',
    'requireSignature(key, foundingBytes(genesis.chainId), signatures[i].signature, `founding signature of ${department}`)', 'undefined'),
  instead('genesis', 'signatures.length === members.length && members.every((m, i) => m.department === signatures[i].department)', 'true'),
  instead('genesis', "(name === 'complaint_timeout_ms' ? 1n : 0n)", '0n'),

  ...gone('json', "if (HALF_PAIR.test(text)) throw new Unreadable('half of a surrogate pair');",
    "if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Unreadable('a name twice');",
    "if (this.#at < this.#text.length) throw new Unreadable('more than one value');", "while (digits[end - 1] === '0') end--;",
    'end > DIGITS_MAX || ', 'exponent > EXPONENT_MAX || ', ' || exponent < -EXPONENT_MAX', ', ignoreBOM: true'),
  instead('json', 'fatal: true', 'fatal: false'),
  instead('json', '++this.#depth > DEPTH_MAX', '++this.#depth > DEPTH_MAX + 1'),
  instead('json', 'pairs.sort(([a], [b]) => byBytes(a, b))', 'pairs'),
  instead('json', 'pairs.sort(([a], [b]) => byBytes(a, b))', 'pairs.sort(([a], [b]) => (a < b ? -1 : 1))'),

  ...gone('schema', "if (bytes.length > SCHEMA_BYTES_MAX) throw new Violation('', 'json');", 'items.length <= ENUM_VALUES_MAX && ', ' && distinct(items)', 'demand(isRoot);',
    'demand(reader.names.includes(node.reference));', 'demand([...json.members.keys()].every((name) => BESIDE_REFERENCE.includes(name)));',
    'demand(held[keyword] !== false);', "if (mediaType !== 'application/json') return new Violation('', 'mediaType');",
    'hour < 24 && ', ' && minute < 60', ' && second < 60', ' && zoneHour < 24', ' && zoneMinute < 60'),
  instead('schema', 'isRoot && argument.text', 'argument.text'),
  instead('schema', '++reader.count > SUBSCHEMAS_MAX', '++reader.count > SUBSCHEMAS_MAX + 1'),
  instead('schema', '[...text].length', 'text.length'),
  instead('schema', 'order(value, bound) <= 0', 'order(value, bound) < 0'),
  instead('schema', 'order(value, bound) < 0', 'order(value, bound) <= 0'),
  instead('schema', 'order(value, bound) >= 0', 'order(value, bound) > 0'),
  instead('schema', 'order(value, bound) > 0', 'order(value, bound) >= 0'),
  instead('schema', 'argument.coefficient > 0n', 'argument.coefficient !== 0n'),
  instead('schema', "node.required.some((name) => !value.members.has(name))", 'false'),
  instead('schema', "node.closed ? new Violation(at, 'additionalProperties') : null", 'null'),
  instead('schema', 'node.properties.get(name) ?? node.additional', 'node.additional ?? node.properties.get(name)'),
  instead('schema', 'count <= COUNT_MAX', 'true'),
  instead('schema', 'half ? max - 1 : max', 'max'),

  ...without('leaders', 'action.epoch === epoch && age >= 0n && age < BigInt(firsts.length)', '!again', 'suspended < most'),
  instead('leaders', 'unproven(changes.length === quorum,', 'unproven(true,'),
  instead('leaders', 'unproven(index > last,', 'unproven(true,'),
  instead('leaders', 'action.epoch === epoch && ', ''),

  ...without('ledger', '!this.#ended', "kind === 'format' && members.format === FORMAT", "hashOf(members, 'chainId').equals(chainId)",
    'chainId.equals(this.#digest)', "height === 0 && members.certificate === '' && transactions === 0",
    'BigInt(height) === this.#chain.tip.height + 1n', 'this.#open > 0', 'BigInt(members.position) === position', 'this.#open === 0',
    'this.#chain.tip !== undefined', 'BigInt(members.height) === height', 'BigInt(members.logSize) === logSizeAfter',
    'hashOf(members, name).equals(value)', 'this.#ended'),
  ...gone('ledger', 'requireFounded(this.#genesis, members.signatures.map(signatureOf));'),

  ...without('log-tree', 'index < size', 'path.length === 0 && oldRoot.equals(newRoot)', 'oldHash.equals(oldRoot)', 'newHash.equals(newRoot)'),
  instead('log-tree', "require(sn === 0n, where, 'fewer hashes than the sizes call for');\n  return hash;", 'return hash;'),
  instead('log-tree', "require(sn === 0n, where, 'fewer hashes than the sizes call for');\n  require(oldHash", 'require(oldHash'),

  ...without('membership', 'change !== null', 'approvals.length >= 1 && approvals.length <= VALIDATORS_MAX',
    'i === 0 || approvals[i - 1].signer.compare(signer) < 0', 'isSignature(signature)', 'change.kind >= ADMIT && change.kind <= most',
    'change.expires_at_ms > 0n', 'change.names.length === 0', 'change.administrators.length === 0', "change.endpoint === ''", "change.department === ''",
    'parameters !== null && encode(Parameters, parameters).length > 0', 'parameters === null',
    'change.epoch === epoch', 'BigInt(changesIn(state).length) === epoch', 'merged(state, change).expiry_horizon_ms >= horizon',
    'administrators.length >= 1 && administrators.length <= 16', 'ascends(administrators.map((a) => a.officer_id))', 'new Set(keys).size === keys.length',
    'timeMs < change.expires_at_ms', 'change.expires_at_ms - timeMs <= HORIZON_MS', 'state.now(KIND.key, used) === null', 'state.now(KIND.department, id) === null',
    'acting.includes(id)', 'kind !== REMOVE || acting.length > 1', 'kind !== SUSPEND || suspended === 0n', 'kind !== LIFT || suspended !== 0n', 'signing.length >= quorumOf(all.length)'),
  instead('execution', 'if (suspended !== 0n) throw', 'if (false) throw'),
  ...gone('membership', 'd.removed_height === 0n && ', 'kind === SUSPEND || ', ' || kind === REMOVE', 'd.suspended_height === 0n && '),
  instead('membership', 'requireEndpoint(change.endpoint, `${at}.endpoint`);', ';'),
  ...without('membership', 'isSignature(newKey)'),
  instead('membership', 'else requireLength(newKey, 0, at);', ''),
  instead('membership', 'else requireLength(change.validator_key, 0, `${at}.validator_key`);', ''),
  instead('membership', ' && encode(Parameters, parameters).length > 0', ''),
  instead('membership', '.filter(([, value]) => value)', ''),
  instead('membership', "requireParameters(merged(state, change), 'PARAMETER_OUT_OF_BOUNDS');", ''),
  instead('membership', "state.now(KIND.parameters, 'parameters'), ...Object", "state.before(KIND.parameters, 'parameters'), ...Object"),
  instead('membership', 'requireChange(change, field(\'change\'), REPLACE);', 'requireChange(change, field(\'change\'), SET);'),
  instead('membership', 'if (isOfAll(change)) require(', 'if (change.kind === SET) require('),
  instead('membership', 'if (change.kind === SCHEDULE) requireSchedule(change, `${at}.protocol`);\n  else ', 'if (change.kind !== SCHEDULE) '),
  instead('membership', "else require(change.protocol === null,", 'else require(true,'),
  instead('membership', 'requireNext(state, change);', ''),
  ...without('versions', 'version >= since', 'protocol !== null', 'protocol.version >= 2', 'from >= expires && from - expires <= AHEAD_MS', 'scheduled !== null',
    'protocol.version === version + 1'),
  ...gone('versions', 'from >= expires && ', ' && from - expires <= AHEAD_MS', ' && timeMs >= scheduled.from_ms'),
  instead('versions', 'timeMs >= scheduled.from_ms', 'timeMs > scheduled.from_ms'),
  instead('versions', 'if (version > NEWEST)', 'if (false)'),
  instead('versions', 'if (version > FIRST)', 'if (false)'),
  instead('versions', 'first_height: height + 1n', 'first_height: height'),
  instead('versions', 'protocol === null ? 0n : position', 'position'),
  instead('membership', '  requireTimely(state, change, block);\n  requirePossible(state, change);\n  requireFreshKeys(state, change);', ''),
  instead('membership', 'closeKey(state, department.validator_key, height);', 'undefined;'),
  ...gone('membership', "requireIdentifier('department', change.department, `${at}.department`);",
    'requireText(change.reason, 0, 1024, `${at}.reason`);',
    'requireTexts(names, `${at}.names`);',
    'requirePublicKey(public_key, `${at}.administrators[${i}].public_key`);',
    "requireIdentifier('officer', officer_id, `${at}.administrators[${i}].officer_id`);"),
  instead('membership', "if (newKey.length > 0) carried.push(", 'if (false) carried.push('),
  instead('membership', 'const carried = approvals.map(', 'const carried = [].map('),
  instead('membership', 'unproven(officer.roles.includes(ADMINISTRATOR),', 'unproven(true,'),
  instead('membership', 'unproven(acting.includes(officer.department),', 'unproven(true,'),
  instead('membership', 'unproven(!departments.has(officer.department),', 'unproven(true,'),
  instead('membership', 'unproven(departments.size >= quorum,', 'unproven(true,'),

  ...without('proposals', '!open', "found.votes.find((v) => v.department === department)?.in_favour !== in_favour", 'found?.proposal.equals(proposal)',
    'found.status === OPEN', 'found.change.epoch === epoch', 'timeMs < found.change.expires_at_ms'),
  ...gone('proposals', "requireIdentifier('department', department, `${action}.department`);", 'before?.status === OPEN && ',
    ' && before.change.epoch === epoch', ' && timeMs < before.change.expires_at_ms', '    requireStanding(state, found.change, block);\n',
    '    takeEffect(state, found.change, block);\n', 'requireStanding(state, change, block);'),
  instead('proposals', 'requireLength(proposal, 32, `${action}.proposal`);\n  requireText(reason, 0, 1024, `${action}.reason`);\n}\n\n/** SPEC "Actions", fields of action 66. */', '}\n'),
  instead('proposals', 'requireLength(proposal, 32, `${action}.proposal`);\n  requireText(reason, 0, 1024, `${action}.reason`);\n}\n\nexport', '}\n\nexport'),
  instead('proposals', 'inFavour >= quorum', 'inFavour > quorum'),
  instead('proposals', 'votes.length - inFavour > voters - quorum', 'votes.length - inFavour >= voters - quorum'),
  instead('execution', 'requireRole(block.signer, ADMINISTRATOR);', ''),

  ...without('read-roots', 'number > 0n', 'first > 0n', 'last >= first', 'first_entry === 1n || first_entry === covered + 1n',
    'newest === null || timeMs - newest.recorded_at_ms >= LEAST_INTERVAL_MS'),
  ...gone('read-roots', 'requireLength(head, 32, `${action}.head`);', 'requireVersion(number - 1n, department.read_roots);', 'first_entry === 1n || ',
    ' || first_entry === covered + 1n', ' + (first_entry === 1n ? 1n : 0n)', 'state.set(KIND.department, id, { ...department, read_roots: number });'),
  instead('read-roots', '>= LEAST_INTERVAL_MS', '> LEAST_INTERVAL_MS'),
  instead('read-roots', 'department.read_roots === 0n ? null :', 'true ? null :'),

  ...without('receipt', 'file.length <= RECEIPT_BYTES_MAX', 'receipt.format === FORMAT', 'genesis.chainId.equals(genesisDigest)',
    'block.logSizeBefore <= position && position < block.logSizeAfter', 'logRoot.equals(block.logRoot)',
    'later === null || later.height > block.height', 'stateRoot.equals((later ?? block).stateRoot)',
    'header.chainId.equals(genesis.chainId)', 'header.epoch < BigInt(sets.length)', 'covering.length > 0', 'block.epoch === BigInt(i)',
    'block.height > (i === 0 ? 0n : ends[i - 1].height)', 'keys.size === next.members.length && keys.size >= 1 && keys.size <= VALIDATORS_MAX', 'names',
    'newest + 1n === BigInt(sets.length)', 'before === undefined || height > before.height',
    'last === undefined || height < last.height || hash.equals(last.hash)', 'Array.isArray(epochs) && epochs.length <= EPOCHS_MAX'),
  ...gone('receipt', "at('envelope', transaction.requireSigned);", '  block.requireSigned();\n', 'later?.requireSigned();',
    'requireCanonical(file, receipt, summary);', 'for (const end of ends) end.requireSigned();'),
  instead('receipt', 'i.first_height <= height && (i.last_height === 0n || i.last_height >= height)', 'i.first_height <= height'),
  instead('receipt', 'i.valid_from_ms <= timeMs && ', ''),
  instead('receipt', ' && (i.valid_until_ms === 0n || i.valid_until_ms > timeMs)', ''),

  ...without('signatures', 'signature.length === 64', 's.compare(HALF_ORDER) <= 0',
    "verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)"),
  instead('signatures', 'r.compare(ZERO) > 0 && r.compare(ORDER) < 0 && s.compare(ZERO) > 0 && s.compare(ORDER) < 0', 'true'),

  ...without('state-tree', '!siblings.at(-1)?.equals(ZERO_HASH)', '!otherKey.equals(key)', 'bit(key, depth) === bit(otherKey, depth)'),

  ...without('transaction', 'envelope.length <= ENVELOPE_BYTES_MAX', '!(bytes[0] === 8 && bytes.length > 1 && bytes[1] > 1)',
    'body.format_version === 1', 'body.algorithm !== 0', 'body.expires_at_ms > 0n', 'body.algorithm === 1', 'body.chain_id.equals(chainId)',
    'body.action !== null', 'change.record !== null', 'first || change.expected_version > 0n', "date === '' || isDate(date)",
    'payload !== null && payload.kind !== null', 'until === 0n || until > from', 'height > 0n', 'view < 2 ** 32 - 1',
    'changes.length >= 1 && changes.length <= VALIDATORS_MAX', 'prepared <= view + 1', 'isSignature(signature)'),
  ...gone('transaction', "  requireLength(body.nonce, 16, 'nonce');\n", "  requirePublicKey(body.signer, 'signer', 'INVALID_PUBLIC_KEY');\n",
    "requireSignature(body.signer, signed, signature, 'signature');", 'requirePublicKey(enrolment.public_key, `${action}.public_key`);',
    'requirePublicKey(rotation.public_key, `${action}.public_key`);', 'requireText(rotation.reason, 0, 1024, `${action}.reason`);',
    "requireIdentifier('officer', rotation.officer_id, `${action}.officer_id`);"),
  instead('transaction', "require(roles.length > 0 && roles.every((role, i) => role > (i ? roles[i - 1] : 0) && role <= ROLE_MAX)", 'require(true'),
  ...without('transaction', 'change.payload === null', 'successors.length === 0', 'i === 0 || order(name, names[i - 1])', 'name !== null',
    'successors.length >= 1 && successors.length <= OTHERS_MAX', 'name.type !== own.type || name.id !== own.id', 'links.length <= linksMax'),
  ...gone('transaction', 'requireRecordName(name, at(i));', 'requireOthers(successors, change.record, (i) => field(`successors[${i}]`));',
    'requireOthers(links.map((link) => link.record), change.record, (i) => field(`links[${i}].record`));'),
  instead('transaction', 'a.type === b.type ? a.id > b.id : a.type > b.type', 'a.id > b.id'),
  instead('execution', "action === 'register' || action === 'reinstate'", "action === 'register'"),
  instead('execution', 'definition.links_in_force ? links : []', 'links'),
  instead('execution', 'definition.links_in_force ? links : []', '[]'),
  ...without('execution', '!definition.four_eyes', 'until - timeMs <= APPROVAL_HORIZON_MS', 'found?.submission.equals(submission)',
    'found.status === WAITING', 'timeMs < found.approve_until_ms', '!isSubmitter(signer, found)', 'departments.includes(signer.department)'),
  ...gone('execution', 'if (until > 0n) requireNoneWaits(state, change, timeMs);', ' || found.approve_until_ms <= timeMs',
    'requireVersion(expected_version, version);', 'requireVersion(proposed.version - 1n, version);', 'requireNamed(state, signer.department, definition, proposed.successors, brought);',
    "if (on_behalf_of !== '' || !isSubmitter(signer, found)) ", 'if (signer.officer_id !== delegator) '),
  instead('execution', 'requireRole(signer, APPROVER);\n  const { department', 'const { department'),
  instead('execution', "if (delegator === '') requireRole(signer, APPROVER);", "if (delegator === '') ;"),
  ...without('execution', '!isSubmitter(stoodInFor, found)', 'timeMs < given.until_ms', 'roles.includes(APPROVER)',
    'until_ms - timeMs <= DELEGATION_HORIZON_MS', 'timeMs < (given?.until_ms ?? 0n)'),
  instead('execution', 'state.before(KIND.delegation,', 'state.now(KIND.delegation,'),
  ...without('execution', 'isOfEnrolments(given, (id) => state.before(KIND.officer, id))', 'isOfEnrolments(given, (officer) => state.now(KIND.officer, officer))'),
  ...without('execution', 'mayRead(type, department)'),
  ...gone('execution', " && hasRule(state, 'named_records_are_read')"),
  ...without('execution', 'valid_from_ms === 0n && valid_until_ms === 0n'),
  ...gone('execution', 'valid_from_ms === 0n && ', ' && valid_until_ms === 0n'),
  instead('execution', "if (roles.includes(ADMINISTRATOR) && hasRule", 'if (hasRule'),
  instead('execution', '[delegator, officer_id].every', '[delegator].every'),
  instead('execution', '[delegator, officer_id].every', '[officer_id].every'),
  instead('execution', 'enrolled < height', 'enrolled <= height'),
  ...gone('execution', 'enrolled === 0n || '),
  instead('versions', 'version >= SINCE[rule]', 'true'),
  instead('execution', "on_behalf_of !== '' || !isSubmitter", '!isSubmitter'),
  ...without('transaction', 'until >= expiresAtMs'),
  ...gone('transaction', "if (delegator !== '') requireIdentifier('officer', delegator, `${action}.on_behalf_of`);", "requireIdentifier('officer', delegator, `${action}.delegator`);"),
  instead('execution', '? definition.approvers : [custodianOf(definition, proposed)]', '? [definition.owner] : [custodianOf(definition, proposed)]'),
  instead('execution', '? definition.approvers : [custodianOf(definition, proposed)]', '? definition.approvers : [definition.owner]'),
  instead('execution', 'definition.approvers.length > 0 && !isTransfer(definition, record, proposed)', 'definition.approvers.length > 0'),
  instead('execution', '  if (isTransfer(definition, current, proposed)) requireReader(definition, custodianOf(definition, proposed));\n', ''),
  instead('execution', "unlessOwner(definition, action === 'transfer' ? change.receiver : custodian)", "action === 'transfer' ? change.receiver : ''"),
  instead('execution', "(custodian === owner ? '' : custodian)", 'custodian'),
  instead('execution', 'public_read || [owner, ...approvers, ...readers]', '[owner, ...approvers, ...readers]'),
  instead('execution', '[owner, ...approvers, ...readers].includes(department)', '[owner, ...approvers].includes(department)'),
  instead('transaction', "requireIdentifier('department', receiver, field('receiver'));", ''),
  ...without('transaction', "receiver === ''", 'until > 0n'),
  instead('execution', 'proposed.payload_position === proposed.position ? proposed.links : []', 'proposed.links'),
  instead('execution', 'recorded_at_ms: timeMs, height, position, approval }', 'approval }'),
  instead('execution', 'submission, approve_until_ms, ...decision', 'submission, approve_until_ms, proposed: null, status: decision.status'),
  ...without('transaction', 'until === 0n || until >= expiresAtMs', 'record !== null', 'departments.length <= max', 'i === 0 || departments[i - 1] < department'),
  ...gone('transaction', 'requireRecordName(record, `${action}.record`);', 'requireLength(submission, 32, `${action}.submission`);',
    "if (action === 'refuse') requireText(reason, 1, 1024, `${action}.reason`);",
    "requireIdentifier('department', department, `${at}[${i}]`);", 'requireDepartments(definition.readers, READERS_MAX, `${action}.readers`);'),
  instead('transaction', 'READERS_MAX = 64', 'READERS_MAX = 65'),
  instead('execution', 'approvers, four_eyes, readers,\n  });', 'approvers, four_eyes, readers: [],\n  });'),
  instead('execution', 'links: held,', 'links: change.links,'),
  instead('execution', 'STATUS_AFTER[action] ?? IN_FORCE', "action === 'annul' ? ANNULLED : IN_FORCE"),
  instead('transaction', 'first ? 0 : 1, 1024', '0, 1024'),
  instead('transaction', 'carried.forEach((c, i) => requireSignature(c.signer,', '[].forEach((c, i) => requireSignature(c.signer,'),

  instead('wire', "if (offset + i >= end) throw this.refuse('Truncated', path, offset);", ''),
  instead('wire', "if (byte === 0 && i > 0) throw this.refuse('OverlongVarint', path, offset);", ''),
  instead('wire', 'if (value > max) break;', ''),
  instead('wire', "if (number < last) throw refuse('OutOfOrder', `#${number}`);", ''),
  instead('wire', "if (Number(tag & 7n) !== wireTypeOf(field)) throw refuse('WrongWireType', field.name);", ''),
  instead('wire', "if (elements > 0 && (!field.repeated || isNumber(field))) throw refuse('Recurring', field.name);", ''),
  instead('wire', "if (field.oneof && message[field.oneof]) throw refuse('SecondOneofMember', field.name);", ''),
  instead('wire', "if (!value) throw this.refuse('DefaultOnWire', path, offset);", ''),
  instead('wire', "if (next > end) throw this.refuse('LengthBeyondEnd', path, offset);", ''),
  instead('wire', "if (length === 0n && !field.repeated) throw this.refuse('DefaultOnWire', path, offset);", ''),
  instead('wire', "if (begin === end) throw this.refuse('EmptyRun', path, lengthOffset);", ''),
  instead('wire', 'fatal: true', 'fatal: false'),
];

/** Runs one step in a copy: the first test that fails, or null. What follows a failure is not waited for. */
function firstFailure(copy, [file, pattern]) {
  const args = ['--test-reporter=tap', ...(pattern ? [`--test-name-pattern=${pattern}`] : []), join(copy, 'test', file)];
  const env = { ...process.env, GOVCHAIN: undefined, SEED: '1' };
  const run = spawn(process.execPath, args, { cwd: copy, env, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  return new Promise((resolve, reject) => {
    let failure = null;
    run.stdout.on('data', (chunk) => {
      output += chunk;
      const failed = /^not ok \d+ - (.*)$/m.exec(output);
      if (!failed || failure) return;
      failure = failed[1];
      run.kill('SIGKILL');
    });
    run.on('close', (code) => (failure || code === 0 ? resolve(failure) : reject(new Error(`no test fails, and ${file} ends with ${code}: a mutant must load`))));
  });
}

async function killerOf(mutant, copy) {
  const first = FIRST[mutant.file];
  const steps = Object.keys(STEPS).sort((a, b) => (b === first) - (a === first));
  for (const step of steps) {
    const failure = await firstFailure(copy, STEPS[step]);
    if (failure) return `${STEPS[step][0].split('.')[0]}: ${failure}`;
  }
  return null;
}

const shown = (text) => text.replaceAll(/\s+/g, ' ').trim();
const describe = ({ file, from, to }) => `${file}: ${shown(from)} -> ${shown(to) || '(nothing)'}`;

async function main(only) {
  const root = mkdtempSync(join(tmpdir(), 'govchain-mutants-'));
  const copy = join(root, 'tools', 'verifier');
  try {
    cpSync(verifier, copy, { recursive: true });
    cpSync(vectors, join(root, 'docs', 'vectors'), { recursive: true });
    const chosen = MUTANTS.filter((m) => only.length === 0 || only.some((text) => describe(m).includes(text)));
    if (chosen.length === 0) {
      console.error(`no mutant has ${only.join(' or ')} in its line`);
      return 2;
    }
    const misfits = chosen.filter(({ file, from }) => readFileSync(join(verifier, 'lib', file), 'utf8').split(from).length !== 2);
    for (const misfit of misfits) console.error(`does not stand there exactly once: ${describe(misfit)}`);
    if (misfits.length > 0) return 2;
    const sound = await killerOf({ file: '' }, copy);
    if (sound) {
      console.error(`the tests fail without any mutant: ${sound}`);
      return 2;
    }
    const survivors = [];
    for (const mutant of chosen) {
      const path = join(copy, 'lib', mutant.file);
      const original = readFileSync(path, 'utf8');
      writeFileSync(path, original.replace(mutant.from, () => mutant.to));
      const killer = await killerOf(mutant, copy);
      writeFileSync(path, original);
      if (!killer) survivors.push(mutant);
      console.log(`${killer ? 'killed  ' : 'SURVIVES'}  ${describe(mutant)}${killer ? `\n            ${killer}` : ''}`);
    }
    console.log(`${chosen.length} mutants, ${chosen.length - survivors.length} killed, ${survivors.length} survive`);
    for (const survivor of survivors) console.log(`  ${describe(survivor)}`);
    return survivors.length > 0 ? 1 : 0;
  } finally {
    rmSync(root, { recursive: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
