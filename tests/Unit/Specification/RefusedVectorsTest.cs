using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Wire;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: whoever implements docs/SPEC.md anew has the bytes of envelopes that are refused to compare with, and nobody changes a format by accident.
/// Method: the vectors in docs/vectors follow from fixed keys, nonces and times; a difference fails.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RefusedVectorsTest : LedgerVectors
{
    [Test]
    public void RefusedEnvelopes()
    {
        TestKey signer = TestLedger.AlphaClerk;
        byte[] body = Fixed(Actions.Register("A-1"), signer, 1).ToByteArray();
        byte[] longBody = [.. body[..2], 0x10, 0x81, 0x00, .. body[4..]];
        byte[] frame = Fixed(new TransactionBody(), signer, 1).ToByteArray();
        object Vector(string name, byte[] bytes)
        {
            TransactionDecoder.TryDecode(bytes, Ledger.Genesis.ChainId, out Rejection? rejection);
            return new
            {
                name,
                envelope = VectorFile.Hex(bytes),
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
        VectorFile.Hold("refused", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
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
}
