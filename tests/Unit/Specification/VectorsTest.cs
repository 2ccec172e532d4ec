using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Wire;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: whoever implements docs/SPEC.md anew has bytes to compare with, and nobody changes a format by accident.
/// Method: the vectors in docs/vectors follow from fixed keys, nonces and times; a difference fails.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class VectorsTest
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly TestKey[] Validators = [.. Enumerable.Range(201, 4).Select(i => new TestKey(i))];

    private static readonly TestKey NewKey = new(205), OtherAdmin = new(206);

    private readonly TestLedger _ledger = new();

    [Test]
    public void Transactions()
    {
        TestKey signer = TestLedger.AlphaClerk;
        object Vector(string name, TransactionBody action, int nonce)
        {
            TransactionBody body = Fixed(action, signer, nonce);
            byte[] envelope = Envelope.Signed(body, signer);
            Transaction transaction = TransactionDecoder.TryDecode(envelope, _ledger.Genesis.ChainId, out _)!;
            return new
            {
                name,
                body = Hex(body.ToByteArray()),
                transactionId = transaction.Id.ToString(),
                signature = transaction.Signature.ToString(),
                envelope = Hex(envelope),
                leafHash = transaction.LeafHash.ToString(),
            };
        }
        Hold("transaction", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            privateKey = signer.PrivateHex,
            publicKey = signer.Public.ToString(),
            transactions = new[]
            {
                Vector("register", FullRegister(), 1),
                Vector("amend", Actions.Amend("A-1", 1), 2),
                Vector("annul", Actions.Annul("A-1", 2), 3),
                Vector("define type", Actions.Define(), 4),
                Vector("enrol officer", Actions.Enrol("4711", TestLedger.Spare, OfficerRole.Clerk, OfficerRole.Auditor), 5),
                Vector("revoke officer", Actions.Revoke("4711"), 6),
                Vector("suspend leader", Suspension(), 7),
                Vector("accuse", Accusation(), 8),
                Vector("post read root", Actions.PostReadRoot(2, 5, 9), 80),
                Vector("supersede", Actions.Supersede("A-1", 2, ("licence", "B-2"), ("permit", "C-3")), 10),
                Vector("register with links", Actions.Linked(Actions.Register("A-1"), ("licence", "B-2", 0), ("permit", "C-3", 7)), 12),
                Vector("reinstate", Actions.Reinstate("A-1", 2), 11),
                Vector("rotate officer key", Actions.Rotate("4711", TestLedger.OtherSpare), 9),
                Vector("register for approval", Actions.Submitted(FullRegister(), TestLedger.StartMs + 60_000), 13),
                Vector("approve", Actions.Approve("A-1", 2, _ledger.Genesis.ChainId), 14),
                Vector("refuse", Actions.Refuse("A-1", _ledger.Genesis.ChainId), 15),
                Vector("approve on behalf of another", Actions.OnBehalfOf(Actions.Approve("A-1", 2, _ledger.Genesis.ChainId), "4711"), 17),
                Vector("delegate approval", Actions.Delegate("4711", TestLedger.StartMs + 60_000), 18),
                Vector("revoke delegation", Actions.RevokeDelegation("4711", "4712"), 19),
                Vector("propose an admission", Proposals.Propose(_ledger.Genesis.ChainId, MembershipChanges.Admit("kappa", NewKey, OtherAdmin), NewKey), 30),
                Vector("propose another endpoint", Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")), 31),
                Vector("propose parameters", Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Set(new Parameters { LeaderBlocksMax = 7, MessageDelayMs = 4_000 })), 32),
                Vector("propose a protocol version", Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Schedule(2)), 38),
                Vector("propose to call it off", Proposals.Propose(_ledger.Genesis.ChainId, Proposals.CallOff()), 39),
                Vector("vote for a proposal", Proposals.Vote("beta", _ledger.Genesis.ChainId, true), 33),
                Vector("vote against a proposal", Proposals.Vote("beta", _ledger.Genesis.ChainId, false), 34),
                Vector("withdraw a proposal", Proposals.Withdraw(_ledger.Genesis.ChainId), 35),
                Vector("define type of four eyes", Actions.FourEyes(1, "alpha", "beta"), 16),
                Vector("transfer", Actions.Transfer("A-1", 2, "beta", TestLedger.StartMs + 60_000), 37),
                Vector("define type with readers", Actions.ReadBy(Actions.Define(), "beta", "gamma"), 36),
            },
        });
    }

    [Test]
    public void RefusedEnvelopes()
    {
        TestKey signer = TestLedger.AlphaClerk;
        byte[] body = Fixed(Actions.Register("A-1"), signer, 1).ToByteArray();
        byte[] longBody = [.. body[..2], 0x10, 0x81, 0x00, .. body[4..]];
        byte[] frame = Fixed(new TransactionBody(), signer, 1).ToByteArray();
        object Vector(string name, byte[] bytes)
        {
            TransactionDecoder.TryDecode(bytes, _ledger.Genesis.ChainId, out Rejection? rejection);
            return new
            {
                name,
                envelope = Hex(bytes),
                code = rejection!.CodeName,
                facts = rejection.Facts
                    .Where(f => f.Name is "field" or "offset" || (f.Name == "rule" && rejection.Code == RejectionCode.MalformedEnvelope))
                    .ToDictionary(f => f.Name, f => f.Value),
            };
        }
        byte[] Wrap(params ReadOnlySpan<byte> bytes) => new SignedTransaction
        {
            Body = ByteString.CopyFrom(bytes),
            Signature = ByteString.CopyFrom([.. new byte[31], 1, .. new byte[31], 1]),
        }.ToByteArray();
        byte[] good = Wrap(body);
        byte[] Action(int number, WireBytes action) => Wrap([.. frame, .. new WireBytes().Bytes(number, action.ToArray()).ToArray()]);
        byte[] Field(TransactionBody action, Action<TransactionBody>? change = null)
        {
            TransactionBody changed = Fixed(action, signer, 1);
            change?.Invoke(changed);
            return Wrap(changed.ToByteArray());
        }
        var title = new WireBytes().Bytes(1, "en"u8).Bytes(2, "x"u8);
        Hold("refused", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            envelopes = new[]
            {
                Vector("unknown field in the envelope", [.. good, 0x18, 0x01]),
                Vector("field twice", [.. good, .. good[^66..]]),
                Vector("length beyond the end", good[..^1]),
                Vector("overlong varint", Wrap(longBody)),
                Vector("unknown field in the body", Wrap([.. frame, 0xf8, 0x07, 0x01])),
                Vector("reserved action", Wrap([.. frame, 0xb2, 0x01, 0x00])),
                Vector("two actions", Wrap([.. body, 0x8a, 0x01, 0x00])),
                Vector("default on the wire", Wrap([0x08, 0x00])),
                Vector("format version 2", Wrap([0x08, 0x02])),
                Vector("no action", Wrap(frame)),
                Vector("high s", Envelope.Seal(
                    TransactionBody.Parser.ParseFrom(body),
                    ByteString.CopyFrom([.. new byte[31], 1, 0x80, .. new byte[31]]))),
                Vector("r of zero", Envelope.Seal(
                    TransactionBody.Parser.ParseFrom(body), ByteString.CopyFrom([.. new byte[63], 1]))),
                Vector("signature of 63 bytes", Envelope.Seal(
                    TransactionBody.Parser.ParseFrom(body), ByteString.CopyFrom(new byte[63]))),
                Vector("tag that breaks off", Wrap([.. frame, 0x82])),
                Vector("tag above 32 bits", Wrap([.. frame, 0xf2, 0xff, 0xff, 0xff, 0x7f])),
                Vector("number above 32 bits", Action(48, new WireBytes().Bytes(3, 0x80, 0x80, 0x80, 0x80, 0x10))),
                Vector("number of eleven bytes", Action(48, new WireBytes().Tag(4, 0).Raw(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))),
                Vector("bool of 2", Action(40, new WireBytes().Bytes(1, "t"u8).Number(4, 2))),
                Vector("fields out of order", Wrap([0x10, 0x01, 0x08, 0x01])),
                Vector("wrong wire type", Wrap([0x0a, 0x01, 0x01])),
                Vector("empty run", Action(48, new WireBytes().Bytes(3))),
                Vector("run twice", Action(48, new WireBytes().Bytes(3, 1).Bytes(3, 2))),
                Vector("text that is not UTF-8", Action(40, new WireBytes().Bytes(3, title.ToArray()).Bytes(3, new WireBytes().Bytes(2, 0xed, 0xa0, 0x80).ToArray()))),
                Vector("empty text on the wire", Action(49, new WireBytes().Bytes(1))),
                Vector("length beyond an inner message", Action(49, new WireBytes().Raw(0x0a, 0x05))),
                Vector("reserved payload kind", Action(16, new WireBytes().Bytes(3, new WireBytes().Bytes(2).ToArray()))),
                Vector("another algorithm", Field(Actions.Register("A-1"), b => b.Algorithm = 2)),
                Vector("another ledger", Field(Actions.Register("A-1"), b => b.ChainId = ByteString.CopyFrom(new byte[32]))),
                Vector("no point of the curve", Field(Actions.Register("A-1"), b => b.Signer = ByteString.CopyFrom([2, .. new byte[31], 5]))),
                Vector("uncompressed point", Field(Actions.Register("A-1"), b => b.Signer = ByteString.CopyFrom([4, .. b.Signer.Span[1..]]))),
                Vector("short nonce", Field(Actions.Register("A-1"), b => b.Nonce = ByteString.CopyFrom(new byte[15]))),
                Vector("no expiry", Field(Actions.Register("A-1"), b => b.ExpiresAtMs = 0)),
                Vector("no record", Field(Actions.Register("A-1"), b => b.Register.Record = null)),
                Vector("type with a capital", Field(Actions.Register("A-1"), b => b.Register.Record.Type = "Licence")),
                Vector("record id of two points", Field(Actions.Register(".."))),
                Vector("record id with a slash", Field(Actions.Register("a/b"))),
                Vector("no payload", Field(Actions.Register("A-1"), b => b.Register.Payload = null)),
                Vector("payload of no kind", Field(Actions.Register("A-1"), b => b.Register.Payload = new Payload())),
                Vector("media type with a parameter", Field(Actions.Register("A-1"), b => b.Register.Payload.Inline.MediaType = "text/plain;a=b")),
                Vector("media type of 128 bytes", Field(Actions.Register("A-1"), b => b.Register.Payload.Inline.MediaType = "a/" + new string('b', 126))),
                Vector("29 February of a common year", Field(Actions.Register("A-1"), b => b.Register.EffectiveDate = "2100-02-29")),
                Vector("legal basis of 1,025 bytes", Field(Actions.Register("A-1"), b => b.Register.LegalBasis = new string('é', 512) + "x")),
                Vector("amendment without a reason", Field(Actions.Amend("A-1", 1), b => b.Amend.Reason = "")),
                Vector("amendment of nothing", Field(Actions.Amend("A-1", 0))),
                Vector("annulment with a payload", Field(Actions.Annul("A-1", 1), b => b.Annul.Payload = new Payload { Inline = new InlinePayload { MediaType = "a/b" } })),
                Vector("registration with a successor", Field(Actions.Register("A-1"), b => b.Register.Successors.Add(new RecordName { Type = "licence", Id = "B-2" }))),
                Vector("reinstatement with a payload", Field(Actions.Reinstate("A-1", 1), b => b.Reinstate.Payload = new Payload { Inline = new InlinePayload { MediaType = "a/b" } })),
                Vector("reinstatement of nothing", Field(Actions.Reinstate("A-1", 0))),
                Vector("superseded without a reason", Field(Actions.Supersede("A-1", 1, ("licence", "B-2")), b => b.Supersede.Reason = "")),
                Vector("superseded by nothing", Field(Actions.Supersede("A-1", 1))),
                Vector("superseded by 17 records", Field(Actions.Supersede("A-1", 1, [.. Enumerable.Range(10, 17).Select(i => ("licence", $"B-{i}"))]))),
                Vector("superseded by itself", Field(Actions.Supersede("A-1", 1, ("licence", "A-1")))),
                Vector("successors out of order", Field(Actions.Supersede("A-1", 1, ("permit", "B-2"), ("licence", "C-3")))),
                Vector("successor twice", Field(Actions.Supersede("A-1", 1, ("licence", "B-2"), ("licence", "B-2")))),
                Vector("successor without an id", Field(Actions.Supersede("A-1", 1, ("licence", "B-2"), ("licence", "")))),
                Vector("successor of a type with a capital", Field(Actions.Supersede("A-1", 1, ("Licence", "B-2")))),
                Vector("registration with a receiver", Field(Actions.Register("A-1"), b => b.Register.Receiver = "beta")),
                Vector("transfer to nobody", Field(Actions.Transfer("A-1", 1, "", TestLedger.StartMs + 60_000))),
                Vector("transfer to a department with a capital", Field(Actions.Transfer("A-1", 1, "Beta", TestLedger.StartMs + 60_000))),
                Vector("transfer that waits for nobody", Field(Actions.Transfer("A-1", 1, "beta", 0))),
                Vector("transfer of nothing", Field(Actions.Transfer("A-1", 0, "beta", TestLedger.StartMs + 60_000))),
                Vector("transfer with a payload", Field(Actions.Transfer("A-1", 1, "beta", TestLedger.StartMs + 60_000), b => b.Transfer.Payload = new Payload { Inline = new InlinePayload { MediaType = "a/b" } })),
                Vector("transfer without a reason", Field(Actions.Transfer("A-1", 1, "beta", TestLedger.StartMs + 60_000), b => b.Transfer.Reason = "")),
                Vector("annulment with a link", Field(Actions.Linked(Actions.Annul("A-1", 1), ("licence", "B-2", 0)))),
                Vector("supersession with a link", Field(Actions.Linked(Actions.Supersede("A-1", 1, ("licence", "B-2")), ("licence", "B-2", 0)))),
                Vector("17 links", Field(Actions.Linked(Actions.Register("A-1"), [.. Enumerable.Range(10, 17).Select(i => ("licence", $"B-{i}", 0UL))]))),
                Vector("link to itself", Field(Actions.Linked(Actions.Amend("A-1", 1), ("licence", "A-1", 1)))),
                Vector("links out of order", Field(Actions.Linked(Actions.Register("A-1"), ("permit", "B-2", 0), ("licence", "C-3", 0)))),
                Vector("one record linked twice", Field(Actions.Linked(Actions.Register("A-1"), ("licence", "B-2", 1), ("licence", "B-2", 2)))),
                Vector("link to nothing", Field(Actions.Register("A-1"), b => b.Register.Links.Add(new RecordLink { Version = 1 }))),
                Vector("link to an id with a slash", Field(Actions.Linked(Actions.Register("A-1"), ("licence", "a/b", 0)))),
                Vector("wait that ends before the transaction expires", Field(Actions.Submitted(Actions.Register("A-1"), TestLedger.StartMs + 59_999))),
                Vector("approval without a record", Field(Actions.Approve("A-1", 0, Digest.Zero), b => b.Approve.Record = null)),
                Vector("approval of a record id with a slash", Field(Actions.Approve("a/b", 0, Digest.Zero))),
                Vector("approval of 31 bytes", Field(Actions.Approve("A-1", 0, Digest.Zero), b => b.Approve.Submission = ByteString.CopyFrom(new byte[31]))),
                Vector("refusal without a submission", Field(Actions.Refuse("A-1", Digest.Zero), b => b.Refuse.Submission = ByteString.Empty)),
                Vector("refusal without a reason", Field(Actions.Refuse("A-1", Digest.Zero), b => b.Refuse.Reason = "")),
                Vector("refusal reason of 1,025 bytes", Field(Actions.Refuse("A-1", Digest.Zero), b => b.Refuse.Reason = new string('x', 1_025))),
                Vector("approval on behalf of an officer with a slash", Field(Actions.OnBehalfOf(Actions.Approve("A-1", 0, Digest.Zero), "a/b"))),
                Vector("delegation to nobody", Field(Actions.Delegate("", TestLedger.StartMs + 60_000))),
                Vector("delegation that ends before the transaction expires", Field(Actions.Delegate("4711", TestLedger.StartMs + 59_999))),
                Vector("delegation reason of 1,025 bytes", Field(Actions.Delegate("4711", TestLedger.StartMs + 60_000), b => b.DelegateApproval.Reason = new string('x', 1_025))),
                Vector("delegation revoked of nobody", Field(Actions.RevokeDelegation("", "4711"))),
                Vector("delegation revoked from nobody", Field(Actions.RevokeDelegation("4711", ""))),
                Vector("delegation revoked for a reason of 1,025 bytes", Field(Actions.RevokeDelegation("4711", "4712"), b => b.RevokeDelegation.Reason = new string('x', 1_025))),
                Vector("approvers out of order", Field(Actions.FourEyes(0, "beta", "alpha"))),
                Vector("approver twice", Field(Actions.FourEyes(0, "beta", "beta"))),
                Vector("approver with a capital", Field(Actions.FourEyes(0, "Beta"))),
                Vector("17 approvers", Field(Actions.FourEyes(0, [.. Enumerable.Range(10, 17).Select(i => $"d-{i}")]))),
                Vector("readers out of order", Field(Actions.Define(), b => b.DefineType.Readers.Add(["beta", "alpha"]))),
                Vector("65 readers", Field(Actions.Define(), b => b.DefineType.Readers.Add(Enumerable.Range(10, 65).Select(i => $"d-{i}")))),
                Vector("no title", Field(Actions.Define(), b => b.DefineType.Titles.Clear())),
                Vector("language twice", Field(Actions.Define(), b => b.DefineType.Titles.Add(b.DefineType.Titles[0]))),
                Vector("empty title", Field(Actions.Define(), b => b.DefineType.Titles[0].Text = "")),
                Vector("description of 4,097 bytes", Field(Actions.Define(), b => b.DefineType.Description = new string('x', 4_097))),
                Vector("officer id of 65 characters", Field(Actions.Enrol(new string('x', 65), TestLedger.Spare, OfficerRole.Clerk))),
                Vector("enrolment without a key", Field(Actions.Enrol("4711", TestLedger.Spare, OfficerRole.Clerk), b => b.EnrolOfficer.PublicKey = ByteString.Empty)),
                Vector("roles out of order", Field(Actions.Enrol("4711", TestLedger.Spare, OfficerRole.Auditor, OfficerRole.Clerk))),
                Vector("role 6", Field(Actions.Enrol("4711", TestLedger.Spare, (OfficerRole)6))),
                Vector("validity that ends as it begins", Field(Actions.Enrol("4711", TestLedger.Spare, OfficerRole.Clerk), b => b.EnrolOfficer.ValidFromMs = b.EnrolOfficer.ValidUntilMs = 7)),
                Vector("no evidence", Field(Accusation(), b => b.Accuse.Evidence = ByteString.Empty)),
                Vector("evidence of the other kind", Field(Accusation(), b => b.Accuse.Evidence = ByteString.CopyFrom([.. b.Accuse.Evidence.Span[..2], 2, .. b.Accuse.Evidence.Span[3..]]))),
                Vector("no view change", Field(Suspension(), b => b.SuspendLeader.ViewChanges.Clear())),
                Vector("suspension for no height", Field(Suspension(), b => b.SuspendLeader.Height = 0)),
                Vector("suspension for the last view", Field(Suspension(), b => b.SuspendLeader.View = uint.MaxValue)),
                Vector("view change without a key", Field(Suspension(), b => b.SuspendLeader.ViewChanges[2].Signer = ByteString.Empty)),
                Vector("prepared in the view asked for", Field(Suspension(), b => b.SuspendLeader.ViewChanges[1].Prepared = 5)),
                Vector("prepared hash without a prepared view", Field(Suspension(), b => b.SuspendLeader.ViewChanges[0].Prepared = 0)),
                Vector("view change with high s", Field(Suspension(), b => b.SuspendLeader.ViewChanges[1].Signature = ByteString.CopyFrom([.. new byte[31], 1, 0x80, .. new byte[31]]))),
                Vector("read root without a number", Field(Actions.PostReadRoot(0, 5, 9))),
                Vector("read root without a first entry", Field(Actions.PostReadRoot(2, 0, 9))),
                Vector("read root that ends before it begins", Field(Actions.PostReadRoot(2, 5, 4))),
                Vector("read root of 31 bytes", Field(Actions.PostReadRoot(2, 5, 9), b => b.PostReadRoot.Head = ByteString.CopyFrom(b.PostReadRoot.Head.Span[1..]))),
                Vector("rotation without a key", Field(Actions.Rotate("4711", TestLedger.Spare), b => b.RotateOfficerKey.PublicKey = ByteString.Empty)),
                Vector("rotation reason of 1,025 bytes", Field(Actions.Rotate("4711", TestLedger.Spare), b => b.RotateOfficerKey.Reason = new string('x', 1_025))),
                Vector("rotation of nobody", Field(Actions.Rotate("", TestLedger.Spare))),
                Vector("revocation reason of 1,025 bytes", Field(Actions.Revoke("4711"), b => b.RevokeOfficer.Reason = new string('x', 1_025))),
            }.Concat(FlawedProposals.Of(Field).Select(p => Vector(p.Name, p.Envelope))),
        });
    }

    [Test]
    public void ValidatorSets()
    {
        ValidatorSet set = Four();
        Hold("validator-set", new
        {
            members = set.Members.Select((m, i) => new { index = i, department = m.Department, key = m.Key.ToString() }),
            quorum = set.QuorumSize,
            hash = set.Hash.ToString(),
        });
    }

    [Test]
    public void Headers()
    {
        BlockHeader header = Header();
        Hold("header", new
        {
            chainId = header.ChainId.ToString(),
            height = header.Height,
            parentHash = header.ParentHash.ToString(),
            epoch = header.Epoch,
            validatorSetHash = header.ValidatorSetHash.ToString(),
            nextValidatorSetHash = header.NextValidatorSetHash.ToString(),
            timestampMs = header.TimestampMs,
            proposer = header.Proposer,
            logSizeBefore = header.LogSizeBefore,
            logSizeAfter = header.LogSizeAfter,
            logRoot = header.LogRoot.ToString(),
            stateRoot = header.StateRoot.ToString(),
            parametersHash = header.ParametersHash.ToString(),
            encoding = Hex(header.ToBytes()),
            hash = header.Hash.ToString(),
        });
    }

    [Test]
    public void Votes()
    {
        BlockHeader header = Header();
        Vote[] votes =
        [
            new(VoteType.Propose, header.ChainId, 3, 7, 0, header.Hash),
            new(VoteType.Prepare, header.ChainId, 3, 7, 0, header.Hash),
            new(VoteType.Commit, header.ChainId, 3, 7, 0, header.Hash),
            new(VoteType.ViewChange, header.ChainId, 3, 7, 1, Digest.Zero),
            new(VoteType.ViewChange, header.ChainId, 3, 7, 2, header.Hash, PreparedView: 0),
        ];
        Hold("vote", new
        {
            chainId = header.ChainId.ToString(),
            privateKey = Validators[0].PrivateHex,
            publicKey = Validators[0].Public.ToString(),
            votes = votes.Select(vote => new
            {
                type = (int)vote.Type,
                epoch = vote.Epoch,
                height = vote.Height,
                view = vote.View,
                blockHash = vote.BlockHash.ToString(),
                preparedView = vote.PreparedView,
                signBytes = Hex(vote.SignBytes()),
                digest = vote.SigningDigest().ToString(),
                signature = Validators[0].Sign(vote.SigningDigest()).ToString(),
            }),
        });
    }

    [Test]
    public void EvidenceAgainstAValidator()
    {
        BlockHeader header = Header();
        SignedVote Sign(VoteType type, uint view, Digest hash, long prepared = -1)
        {
            var vote = new Vote(type, header.ChainId, 3, 7, view, hash, prepared);
            return new SignedVote(type, 3, 7, view, hash, prepared, Validators[0].Sign(vote.SigningDigest()));
        }
        Digest other = Sha256.Hash("another block"u8);
        (string Name, SignedVote A, SignedVote B)[] pairs =
        [
            ("two proposals", Sign(VoteType.Propose, 0, header.Hash), Sign(VoteType.Propose, 0, other)),
            ("two prepares", Sign(VoteType.Prepare, 1, header.Hash), Sign(VoteType.Prepare, 1, other)),
            ("two commits", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.Commit, 0, other)),
            ("two view changes", Sign(VoteType.ViewChange, 2, header.Hash, 0), Sign(VoteType.ViewChange, 2, header.Hash, 1)),
            ("commit, then nothing prepared", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.ViewChange, 1, Digest.Zero)),
            ("commit, then another block of its view", Sign(VoteType.Commit, 1, header.Hash), Sign(VoteType.ViewChange, 4, other, 1)),
            ("one vote", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.Commit, 0, header.Hash)),
            ("two views", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.Commit, 1, other)),
            ("view change, then commit in its view", Sign(VoteType.ViewChange, 1, Digest.Zero), Sign(VoteType.Commit, 1, header.Hash)),
            ("commit, then named", Sign(VoteType.Commit, 1, header.Hash), Sign(VoteType.ViewChange, 4, header.Hash, 1)),
            ("commit, then a newer one named", Sign(VoteType.Commit, 1, header.Hash), Sign(VoteType.ViewChange, 4, other, 2)),
        ];
        object Describe(SignedVote v) => new
        {
            type = (int)v.Type,
            view = v.View,
            blockHash = v.BlockHash.ToString(),
            preparedView = v.PreparedView,
            signature = v.Signature.ToString(),
        };
        Hold("evidence", new
        {
            chainId = header.ChainId.ToString(),
            publicKey = Validators[0].Public.ToString(),
            epoch = 3,
            height = 7,
            pairs = pairs.Select(p =>
            {
                Evidence? evidence = Evidence.Of(header.ChainId, Validators[0].Public, p.A, p.B);
                return new
                {
                    name = p.Name,
                    votes = new[] { Describe(p.A), Describe(p.B) },
                    kind = (int?)evidence?.Kind,
                    evidence = evidence is null ? null : Hex(evidence.ToBytes()),
                    id = evidence?.Id.ToString(),
                };
            }),
        });
    }

    [Test]
    public void Certificates()
    {
        BlockHeader header = Header();
        var vote = new Vote(VoteType.Commit, header.ChainId, 3, 7, 1, header.Hash);
        ValidatorSignature[] signatures = [.. new[] { 0, 1, 3 }.Select(i =>
            new ValidatorSignature((ushort)i, Validators[i].Sign(vote.SigningDigest())))];
        var certificate = new Certificate(VoteType.Commit, 3, 7, 1, header.Hash, signatures);
        Hold("certificate", new
        {
            chainId = header.ChainId.ToString(),
            type = (int)certificate.Type,
            epoch = certificate.Epoch,
            height = certificate.Height,
            view = certificate.View,
            blockHash = certificate.BlockHash.ToString(),
            signatures = signatures.Select(s => new { validator = s.Validator, signature = s.Signature.ToString() }),
            encoding = Hex(certificate.ToBytes()),
        });
    }

    [TestCase(1U, "genesis")]
    [TestCase(2U, "genesis-version-2")]
    public void GenesisBlock(uint version, string name)
    {
        Genesis genesis = new TestLedger(body => body.ProtocolVersion = version).Genesis;
        var file = new GenesisFile(genesis,
        [
            new FoundingSignature("alpha", TestLedger.AlphaValidator.Sign(genesis.SigningDigest)),
            new FoundingSignature("beta", TestLedger.BetaValidator.Sign(genesis.SigningDigest)),
        ]);
        Hold(name, new
        {
            body = Hex(genesis.Bytes.Span),
            chainId = genesis.ChainId.ToString(),
            leaf = Hex(genesis.Leaf.Span),
            leafHash = LogHash.Leaf(genesis.Leaf.Span).ToString(),
            validatorSetHash = genesis.Validators.Hash.ToString(),
            state = States(genesis.Block),
            header = Hex(genesis.Block.Header.ToBytes()),
            headerHash = genesis.Block.Header.Hash.ToString(),
            signingDigest = genesis.SigningDigest.ToString(),
            file = System.Text.Encoding.ASCII.GetString(file.ToBytes()),
        });
    }

    [Test]
    public void Joining()
    {
        var body = new JoiningBody { FormatVersion = 1, NetworkName = "test", Department = _ledger.Genesis.Body.Departments[0] };
        JoiningFile file = JoiningFile.TryCreate(body, out _)!;
        foreach (TestKey key in new[] { TestLedger.AlphaValidator, TestLedger.AlphaAdmin })
            file = file.With(key.Public, key.Sign(file.SigningDigest));
        Hold("joining", new
        {
            body = Hex(WireProfile.Encode(body)),
            signingDigest = file.SigningDigest.ToString(),
            file = System.Text.Encoding.ASCII.GetString(file.ToBytes()),
        });
    }

    [Test]
    public void ReadTokens()
    {
        TestKey officer = TestLedger.AlphaClerk;
        const ulong nowMs = TestLedger.StartMs;
        object Vector(string name, byte[] bytes)
        {
            var token = ReadToken.TryRead(bytes);
            return new
            {
                name,
                token = Hex(bytes),
                text = token?.ToString(),
                id = token?.Id.ToString(),
                refusal = token is null ? "TOKEN_MALFORMED" : token.Check("alpha", nowMs) is { } refusal ? ErrorStatus.NameOf(refusal) : null,
            };
        }
        byte[] Token(string node = "alpha", long afterMs = 0, uint lifetimeMs = 60_000) => ReadToken.Issue(
            _ledger.Genesis.ChainId, node, officer.Public, (ulong)((long)nowMs + afterMs), lifetimeMs, [.. Enumerable.Range(0, 16).Select(i => (byte)i)], officer.Sign).ToBytes();
        byte[] Changed(int at, byte value)
        {
            byte[] token = Token();
            token[at] = value;
            return token;
        }
        Hold("read-token", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            publicKey = officer.Public.ToString(),
            node = "alpha",
            nowMs,
            tokens = new[]
            {
                Vector("good", Token()),
                Vector("of the shortest name", Token("a")),
                Vector("of the longest name", Token(new string('a', 32))),
                Vector("issued 30 s ahead", Token(afterMs: 30_000)),
                Vector("issued 30,001 ms ahead", Token(afterMs: 30_001)),
                Vector("in its last millisecond", Token(afterMs: -59_999)),
                Vector("at its end", Token(afterMs: -60_000)),
                Vector("for another node", Token("beta")),
                Vector("of version 2", Changed(0, 2)),
                Vector("with a key that is none", Changed(33, 5)),
                Vector("with a lifetime of 60,001 ms", Changed(77, 0x61)),
                Vector("with a node of no name", Changed(94, (byte)'A')),
                Vector("without a node", [.. Token()[..94], .. Token()[^64..]]),
                Vector("with a high s", HighS(Token())),
            },
        });

        static byte[] HighS(byte[] token)
        {
            var order = new System.Numerics.BigInteger(Secp256k1.GroupOrder, isUnsigned: true, isBigEndian: true);
            var s = new System.Numerics.BigInteger(token.AsSpan(^32..), isUnsigned: true, isBigEndian: true);
            return [.. token[..^32], .. Cryptography.EcdsaTwin.ToBytes(order - s)];
        }
    }

    [Test]
    public void Blocks()
    {
        Hold("blocks", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                Block(_ledger.Commit([
                    Make(TestLedger.AlphaAdmin, Actions.Define(), 1),
                    Make(TestLedger.AlphaAdmin, Actions.Enrol("clerk", TestLedger.AlphaClerk, OfficerRole.Clerk), 2),
                ])),
                Block(_ledger.Commit([
                    Make(TestLedger.AlphaClerk, FullRegister(), 3),
                    Make(TestLedger.AlphaClerk, Actions.Linked(Actions.Amend("A-1", 1), ("licence", "B-2", 0), ("permit", "C-3", 7)), 4),
                    Make(TestLedger.AlphaClerk, Actions.Register("B-2"), 5),
                ])),
                Block(_ledger.Commit([
                    Make(TestLedger.AlphaClerk, Actions.Annul("A-1", 2), 6),
                    Make(TestLedger.AlphaClerk, Actions.Reinstate("A-1", 3), 9),
                    Make(TestLedger.AlphaClerk, Actions.Supersede("B-2", 1, ("licence", "A-1")), 10),
                    Make(TestLedger.AlphaAdmin, Actions.Revoke("clerk"), 7),
                    Make(TestLedger.AlphaAdmin, Actions.Rotate("admin", TestLedger.Spare), 8),
                ])),
            },
        });
    }

    [Test]
    public void Submissions()
    {
        TestKey approver = TestLedger.Spare;
        VerifiedTransaction first = Make(TestLedger.AlphaClerk, Actions.Submitted(FullRegister(), TestLedger.StartMs + 60_000), 20);
        VerifiedTransaction second = Make(TestLedger.AlphaClerk, Actions.Submitted(Actions.Annul("A-1", 1), TestLedger.StartMs + 60_000), 21);
        Hold("submissions", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                Block(_ledger.Commit([
                    Make(TestLedger.AlphaAdmin, Actions.ReadBy(Actions.FourEyes(0, "beta"), "alpha", "gamma"), 22),
                    Make(TestLedger.AlphaAdmin, Actions.Enrol("clerk", TestLedger.AlphaClerk, OfficerRole.Clerk), 23),
                    Make(TestLedger.BetaAdmin, Actions.Enrol("approver", approver, OfficerRole.Approver), 24),
                ])),
                Block(_ledger.Commit([first])),
                Block(_ledger.Commit([Make(approver, Actions.Approve("A-1", 0, first.Transaction.Id), 25), second])),
                Block(_ledger.Commit([
                    Make(approver, Actions.Delegate("admin", TestLedger.StartMs + 60_000), 26),
                    Make(approver, Actions.Delegate("approver", TestLedger.StartMs + 60_000), 27),
                ])),
                Block(_ledger.Commit([
                    Make(TestLedger.BetaAdmin, Actions.OnBehalfOf(Actions.Refuse("A-1", second.Transaction.Id), "approver"), 28),
                    Make(approver, Actions.RevokeDelegation("approver", "admin"), 29),
                ])),
            },
        });
    }

    [Test]
    public void ProposalsAndVotes()
    {
        VerifiedTransaction first = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Set(new Parameters { LeaderBlocksMax = 7 })), 40);
        VerifiedTransaction second = Make(
            TestLedger.BetaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")), 41);
        VerifiedTransaction third = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, MembershipChanges.Admit("kappa", NewKey, OtherAdmin), NewKey), 42);
        VerifiedTransaction suspension = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Suspend("kappa", epoch: 1)), 51);
        VerifiedTransaction end = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, Proposals.LiftSuspension("kappa", epoch: 1)), 52);
        VerifiedTransaction Vote(TestKey signer, string department, VerifiedTransaction proposal, bool inFavour, int nonce) =>
            Make(signer, Proposals.Vote(department, proposal.Transaction.Id, inFavour), nonce);
        Hold("proposals", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                Block(_ledger.Commit([first, second])),
                Block(_ledger.Commit([
                    Vote(TestLedger.AlphaAdmin, "alpha", first, true, 43), Vote(TestLedger.BetaAdmin, "alpha", first, true, 44),
                    Vote(TestLedger.AlphaAdmin, "beta", second, true, 45),
                ])),
                Block(_ledger.Commit([third, Vote(TestLedger.AlphaAdmin, "beta", second, false, 46)])),
                Block(_ledger.Commit([
                    Make(TestLedger.BetaAdmin, Proposals.Propose(_ledger.Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")), 47),
                    Vote(TestLedger.BetaAdmin, "alpha", third, true, 48),
                ])),
                Block(_ledger.Commit([Vote(TestLedger.AlphaAdmin, "alpha", third, true, 49)])),
                Block(_ledger.Commit([
                    Make(OtherAdmin, Proposals.Propose(_ledger.Genesis.ChainId, MembershipChanges.Remove("beta", epoch: 1)), 50),
                    suspension,
                ])),
                Block(_ledger.Commit([
                    Vote(TestLedger.AlphaAdmin, "alpha", suspension, true, 53), Vote(TestLedger.BetaAdmin, "alpha", suspension, true, 54),
                ])),
                Block(_ledger.Commit([end, Vote(TestLedger.AlphaAdmin, "alpha", end, true, 55)])),
                Block(_ledger.Commit([Vote(TestLedger.BetaAdmin, "alpha", end, true, 56)])),
            },
        });
    }

    [Test]
    public void ReadRoots()
    {
        var ledger = new TestLedger(static body => body.ProtocolVersion = 2);
        VerifiedTransaction MakeIn(TestKey signer, TransactionBody action, int nonce)
        {
            TransactionBody body = Envelope.Body(ledger.Genesis.ChainId, signer.Public, action, ledger.NextTimeMs + 1_000);
            body.Nonce = ByteString.CopyFrom([.. new byte[15], (byte)nonce]);
            return ledger.Verified(Envelope.Signed(body, signer));
        }
        object Later(int nonce, params (TestKey Signer, TransactionBody Action)[] roots) =>
            Block(ledger.Commit(roots.Select((r, i) => MakeIn(r.Signer, r.Action, nonce + i))));
        object first = Later(81, (TestLedger.AlphaValidator, Actions.PostReadRoot(1, 1, 4)), (TestLedger.BetaValidator, Actions.PostReadRoot(1, 1, 1)));
        ledger.StepMs = ReadRootRules.LeastIntervalMs;
        Hold("read-roots", new
        {
            chainId = ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                first,
                Later(83, (TestLedger.AlphaValidator, Actions.PostReadRoot(2, 5, 5))),
                Later(84, (TestLedger.AlphaValidator, Actions.PostReadRoot(3, 1, 2)), (TestLedger.BetaValidator, Actions.PostReadRoot(2, 2, ulong.MaxValue))),
            },
        });
    }

    /// <summary>Scheduled, called off in the block that would have made it hold, scheduled again, and the first block of version 2.</summary>
    [Test]
    public void ProtocolVersions()
    {
        TransactionBody Propose(MembershipChange change) => Proposals.Propose(_ledger.Genesis.ChainId, change);
        MembershipChange Lasting(MembershipChange change)
        {
            change.ExpiresAtMs = TestLedger.StartMs + 60_000;
            return change;
        }
        VerifiedTransaction first = Make(TestLedger.AlphaAdmin, Propose(Proposals.Schedule(2, fromMs: TestLedger.StartMs + 4_000)), 60);
        VerifiedTransaction end = Make(TestLedger.BetaAdmin, Propose(Lasting(Proposals.CallOff())), 61);
        VerifiedTransaction second = Make(TestLedger.AlphaAdmin, Propose(Proposals.Schedule(2, fromMs: TestLedger.StartMs + 6_000)), 62);
        VerifiedTransaction Vote(TestKey signer, string department, VerifiedTransaction proposal, int nonce) =>
            Make(signer, Proposals.Vote(department, proposal.Transaction.Id, true), nonce);
        Hold("versions", new
        {
            chainId = _ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                Block(_ledger.Commit([first])),
                Block(_ledger.Commit([Vote(TestLedger.AlphaAdmin, "alpha", first, 63), Vote(TestLedger.BetaAdmin, "alpha", first, 64)])),
                Block(_ledger.Commit([end, Vote(TestLedger.AlphaAdmin, "beta", end, 65)])),
                Block(_ledger.Commit([Vote(TestLedger.BetaAdmin, "beta", end, 66), second])),
                Block(_ledger.Commit([Vote(TestLedger.AlphaAdmin, "alpha", second, 67), Vote(TestLedger.BetaAdmin, "alpha", second, 68)])),
                Block(_ledger.Commit([Make(TestLedger.AlphaAdmin, Actions.Define(), 69)])),
                Block(_ledger.Commit([Make(TestLedger.AlphaAdmin, Actions.Define("permit"), 70)])),
            },
        });
    }

    private VerifiedTransaction Make(TestKey signer, TransactionBody action, int nonce) =>
        _ledger.Verified(Envelope.Signed(Fixed(action, signer, nonce), signer));

    private static object Block(ExecutedBlock block) => new
    {
        header = Hex(block.Header.ToBytes()),
        hash = block.Header.Hash.ToString(),
        envelopes = block.Transactions.Select(t => Hex(t.Transaction.Envelope.Span)),
        state = States(block),
    };

    private static object[] States(ExecutedBlock block) =>
    [
        .. block.Changes.Select(change => new
        {
            key = Hex(change.Key.Span),
            treeKey = change.Key.TreeKey.ToString(),
            value = Hex(change.Value),
            valueDigest = Sha256.Hash(change.Value).ToString(),
        }),
    ];

    private static TransactionBody FullRegister()
    {
        TransactionBody action = Actions.Register("A-1", content: "{\"名称\":\"北京市\"}");
        action.Register.Reason = "first entry";
        action.Register.LegalBasis = "Act 7, section 3";
        action.Register.EffectiveDate = "2026-01-31";
        return action;
    }

    private TransactionBody Accusation() => Actions.Accuse(_ledger.Genesis.ChainId, Validators[1], 9);

    private TransactionBody Suspension() =>
        Actions.Suspend(_ledger.Genesis.ChainId, 9, 3, Validators[1..], prepared: 2);

    private TransactionBody Fixed(TransactionBody action, TestKey signer, int nonce)
    {
        TransactionBody body = Envelope.Body(
            _ledger.Genesis.ChainId, signer.Public, action, TestLedger.StartMs + 60_000);
        body.Nonce = ByteString.CopyFrom([.. new byte[15], (byte)nonce]);
        return body;
    }

    private static ValidatorSet Four() => new(
        new[] { "audit-office", "civil-affairs", "land-registry", "tax" }
            .Zip(Validators, (department, key) => new Validator(department, key.Public)));

    private static BlockHeader Header() => new()
    {
        ChainId = Sha256.Hash("chain"u8),
        Height = 7,
        ParentHash = Sha256.Hash("parent"u8),
        Epoch = 3,
        ValidatorSetHash = Four().Hash,
        NextValidatorSetHash = Four().Hash,
        TimestampMs = TestLedger.StartMs,
        Proposer = 2,
        LogSizeBefore = 1_000,
        LogSizeAfter = 1_234,
        LogRoot = Sha256.Hash("log"u8),
        StateRoot = Sha256.Hash("state"u8),
        ParametersHash = LedgerParameters.Hash(LedgerParameters.CreateDefault().ToByteArray()),
    };

    internal static void Hold(string name, object content) =>
        Repository.Hold($"docs/vectors/{name}.json", JsonSerializer.Serialize(content, Format) + "\n");

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
