using CsCheck;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Wire;

/// <summary>Goal: every rule that needs no state refuses with its own code and names the field. One rule at a time.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TransactionDecoderTest
{
    private static readonly Digest Chain = Sha256.Hash("chain"u8);
    private static readonly TestKey Signer = new(11);

    private static readonly TransactionBody[] Valid =
    [
        Actions.Register("a"), Actions.Amend("a", 1), Actions.Annul("a", 1), Actions.Define(),
        Actions.Enrol("7", new TestKey(12), OfficerRole.Clerk, OfficerRole.Auditor), Actions.Revoke("7"),
        Actions.Rotate("7", new TestKey(12)), Actions.Reinstate("a", 1), Actions.Supersede("a", 1, ("licence", "b"), ("permit", "a")),
        Actions.Approve("a", 0, Chain), Actions.Refuse("a", Chain), Actions.OnBehalfOf(Actions.Approve("a", 0, Chain), "7"), Actions.FourEyes(1, "alpha", "beta"),
        Actions.Submitted(Actions.Register("a"), ulong.MaxValue), Actions.Transfer("a", 1, "beta", ulong.MaxValue), Actions.Delegate("7", ulong.MaxValue), Actions.RevokeDelegation("7", "8"),
        Proposals.Propose(Chain, Proposals.Set(new Parameters { SuspensionHeights = 8 })), Proposals.Propose(Chain, Proposals.Move("alpha", "a.example:1")),
        Proposals.Vote("alpha", Chain, true), Proposals.Vote("alpha", Chain, false), Proposals.Withdraw(Chain),
    ];

    [TestCaseSource(nameof(Valid))]
    public void TryDecode_ValidAction_GivesTheTransactionAndItsSignatureVerifies(TransactionBody action)
    {
        TransactionBody body = Body(action);
        byte[] envelope = Envelope.Signed(body, Signer);
        Transaction? transaction = TransactionDecoder.TryDecode(envelope, Chain, out Rejection? rejection);
        Assert.That(rejection, Is.Null);
        using var verifier = new PlatformSignatureVerifier();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(transaction!.Body, Is.EqualTo(body));
            Assert.That(transaction.Envelope.ToArray(), Is.EqualTo(envelope));
            Assert.That(transaction.Id, Is.EqualTo(DomainTag.Hash(DomainTag.Transaction, body.ToByteArray())));
            Assert.That(transaction.LeafHash, Is.EqualTo(Sha256.Hash([0, .. envelope])));
            Assert.That(transaction.Signer, Is.EqualTo(Signer.Public));
            Assert.That(VerifiedTransaction.VerifyAll([transaction], verifier)[0], Is.Not.Null);
        }
    }

    [Test]
    public void TryDecode_LargestEnvelope_PassesAndOneMoreByteIsTooLarge()
    {
        int room = Limits.EnvelopeBytesMax - Unsigned(Actions.Register("a", content: "")).Length;
        int overhead = Unsigned(Actions.Register("a", content: new string('x', room))).Length - Limits.EnvelopeBytesMax;
        TransactionBody largest = Actions.Register("a", content: new string('x', room - overhead));
        Assert.That(Unsigned(largest), Has.Length.EqualTo(Limits.EnvelopeBytesMax));
        Assert.That(Decode(largest), Is.Null);
        Expect(Actions.Register("a", content: new string('x', room - overhead + 1)), RejectionCode.TooLarge);
    }

    [Test]
    public void TryDecode_NoBytes_IsUnlikeAnyVersion() => ExpectBytes([], RejectionCode.InvalidField, "format_version");

    [Test]
    public void TryDecode_UnknownFieldInEnvelope_IsMalformed() =>
        ExpectBytes([.. Unsigned(Valid[0]), 0x1a, 0x00], RejectionCode.MalformedEnvelope, "#3");

    [Test]
    public void TryDecode_UnknownFieldInBody_IsMalformed()
    {
        ByteString body = ByteString.CopyFrom([.. Body(Valid[0]).ToByteArray(), 0xfa, 0x07, 0x00]);
        byte[] envelope = new SignedTransaction { Body = body, Signature = ByteString.CopyFrom(new byte[64]) }.ToByteArray();
        ExpectBytes(envelope, RejectionCode.MalformedEnvelope, "#127");
    }

    [Test]
    public void TryDecode_ReservedAction_IsNotActive()
    {
        TransactionBody frame = Body(new TransactionBody());
        ByteString body = ByteString.CopyFrom([.. frame.ToByteArray(), 0xb2, 0x01, 0x00]);
        byte[] envelope = new SignedTransaction { Body = body, Signature = ByteString.CopyFrom(new byte[64]) }.ToByteArray();
        ExpectBytes(envelope, RejectionCode.NotActive, "#22");
    }

    [TestCase(2u)]
    [TestCase(127u)]
    [TestCase(300u)]
    public void TryDecode_OtherFormatVersion_IsUnsupportedEvenWithUnknownFields(uint version)
    {
        ByteString body = ByteString.CopyFrom([.. new WireBytes().Number(1, version).Bytes(99, 1).ToArray()]);
        byte[] envelope = new SignedTransaction { Body = body, Signature = ByteString.CopyFrom(new byte[64]) }.ToByteArray();
        ExpectBytes(envelope, RejectionCode.UnsupportedVersion, null);
    }

    [Test]
    public void TryDecode_OtherAlgorithm_IsUnsupported() => Expect(Valid[0], RejectionCode.UnsupportedAlgorithm, null, b => b.Algorithm = 2);

    [Test]
    public void TryDecode_OtherChain_IsWrongChain() => Expect(
        Valid[0], RejectionCode.WrongChain, null, b => b.ChainId = ByteString.CopyFrom(Sha256.Hash("other"u8).Span));

    [TestCase("0211")]
    [TestCase("020000000000000000000000000000000000000000000000000000000000000005")]
    [TestCase("")]
    public void TryDecode_SignerThatIsNoPoint_IsInvalidPublicKey(string hex) => Expect(
        Valid[0], RejectionCode.InvalidPublicKey, null,
        b => b.Signer = ByteString.CopyFrom(Convert.FromHexString(hex)));

    [Test]
    public void TryDecode_Frame_NamesTheFieldThatIsMissingOrHasAnotherLength()
    {
        Expect(Valid[0], RejectionCode.InvalidField, "format_version", b => b.FormatVersion = 0);
        Expect(Valid[0], RejectionCode.InvalidField, "algorithm", b => b.Algorithm = 0);
        Expect(Valid[0], RejectionCode.InvalidField, "chain_id", b => b.ChainId = ByteString.CopyFrom(new byte[31]));
        Expect(Valid[0], RejectionCode.InvalidField, "nonce", b => b.Nonce = ByteString.CopyFrom(new byte[15]));
        Expect(Valid[0], RejectionCode.InvalidField, "nonce", b => b.Nonce = ByteString.CopyFrom(new byte[17]));
        Expect(Valid[0], RejectionCode.InvalidField, "expires_at_ms", b => b.ExpiresAtMs = 0);
        Expect(new TransactionBody(), RejectionCode.InvalidField, "action");
    }

    [TestCase(63, RejectionCode.InvalidField)]
    [TestCase(65, RejectionCode.InvalidField)]
    [TestCase(64, RejectionCode.InvalidSignature)]
    public void TryDecode_SignatureOfZeros_IsRefused(int length, RejectionCode code) =>
        ExpectBytes(Envelope.Seal(Body(Valid[0]), ByteString.CopyFrom(new byte[length])), code, length == 64 ? null : "signature");

    [Test]
    public void TryDecode_HighS_IsRefused()
    {
        byte[] signature = [.. new byte[31], 1, 0x7f, .. Enumerable.Repeat((byte)0xff, 31)];
        ExpectBytes(Envelope.Seal(Body(Valid[0]), ByteString.CopyFrom(signature)), RejectionCode.HighS, null);
    }

    [TestCase("", "x")]
    [TestCase("Licence", "x")]
    [TestCase("1a", "x")]
    [TestCase("a_b", "x")]
    [TestCase("licence", "")]
    [TestCase("licence", ".")]
    [TestCase("licence", "..")]
    [TestCase("licence", "a/b")]
    [TestCase("licence", "ä")]
    public void TryDecode_RecordName_OutsideItsAlphabetIsRefused(string type, string id) => Expect(
        Actions.Register(id, type: type), RejectionCode.InvalidField, id == "x" ? "register.record.type" : "register.record.id");

    [Test]
    public void TryDecode_RecordName_AtItsLongestPasses()
    {
        Assert.That(Decode(Actions.Register(new string('Z', 128), type: new string('a', 64))), Is.Null);
        Expect(Actions.Register(new string('Z', 129)), RejectionCode.InvalidField, "register.record.id");
        Expect(Actions.Register("x", type: new string('a', 65)), RejectionCode.InvalidField, "register.record.type");
    }

    [Test]
    public void TryDecode_RecordChange_HasTheFieldsThatItsActionNeeds()
    {
        Expect(Actions.Register("a"), RejectionCode.InvalidField, "register.record", b => b.Register.Record = null);
        Expect(Actions.Register("a"), RejectionCode.InvalidField, "register.payload", b => b.Register.Payload = null);
        Expect(Actions.Register("a"), RejectionCode.InvalidField, "register.payload", b => b.Register.Payload = new Payload());
        Expect(Actions.Amend("a", 1), RejectionCode.InvalidField, "amend.payload", b => b.Amend.Payload = null);
        Expect(Actions.Amend("a", 0), RejectionCode.InvalidField, "amend.expected_version");
        Expect(Actions.Amend("a", 1), RejectionCode.InvalidField, "amend.reason", b => b.Amend.Reason = "");
        Expect(Actions.Annul("a", 0), RejectionCode.InvalidField, "annul.expected_version");
        Expect(Actions.Annul("a", 1), RejectionCode.InvalidField, "annul.reason", b => b.Annul.Reason = "");
        Expect(Actions.Annul("a", 1), RejectionCode.InvalidField, "annul.payload", b => b.Annul.Payload = new Payload());
    }

    [Test]
    public void TryDecode_Texts_AreCountedInBytes()
    {
        string text = new('北', 341); // 1,023 bytes
        Assert.That(Decode(Actions.Amend("a", 1), b => b.Amend.Reason = text + "x"), Is.Null);
        Expect(Actions.Amend("a", 1), RejectionCode.InvalidField, "amend.reason", b => b.Amend.Reason = text + "xx");
        Expect(Actions.Amend("a", 1), RejectionCode.InvalidField, "amend.legal_basis", b => b.Amend.LegalBasis = text + "xx");
        Assert.That(Decode(Actions.Define(), b => b.DefineType.Description = new string('x', 4096)), Is.Null);
        Expect(Actions.Define(), RejectionCode.InvalidField, "define_type.description", b => b.DefineType.Description = new string('x', 4097));
        Expect(Actions.Revoke("7"), RejectionCode.InvalidField, "revoke_officer.reason", b => b.RevokeOfficer.Reason = text + "xx");
    }

    [TestCase("2026")]
    [TestCase("2026-02")]
    [TestCase("2024-02-29")]
    [TestCase("0001-01-01")]
    [TestCase("9999-12-31")]
    public void TryDecode_RealDate_Passes(string date) =>
        Assert.That(Decode(Actions.Register("a"), b => b.Register.EffectiveDate = date), Is.Null);

    [TestCase("2026-02-29")]
    [TestCase("1900-02-29")]
    [TestCase("2026-13")]
    [TestCase("2026-00")]
    [TestCase("2026-04-31")]
    [TestCase("2026-1-1")]
    [TestCase("0000")]
    [TestCase("2026-01-01T")]
    [TestCase("２０２６")]
    [TestCase("tomorrow!!")]
    public void TryDecode_UnrealDate_IsRefused(string date) => Expect(
        Actions.Register("a"), RejectionCode.InvalidField, "register.effective_date", b => b.Register.EffectiveDate = date);

    [TestCase("application/json", true)]
    [TestCase("image/svg+xml", true)]
    [TestCase("", false)]
    [TestCase("json", false)]
    [TestCase("/json", false)]
    [TestCase("text/", false)]
    [TestCase("text/a/b", false)]
    [TestCase("text/csv; charset=utf-8", false)]
    [TestCase("text/ünicode", false)]
    public void TryDecode_MediaType_IsTwoTokens(string type, bool valid)
    {
        Rejection? rejection = Decode(Actions.Register("a"), b => b.Register.Payload.Inline.MediaType = type);
        Assert.That(rejection?.Code, Is.EqualTo(valid ? (RejectionCode?)null : RejectionCode.InvalidField));
    }

    [Test]
    public void TryDecode_Titles_AreOneToSixteenOfDistinctLanguages()
    {
        Expect(Actions.Define(), RejectionCode.InvalidField, "define_type.titles", b => b.DefineType.Titles.Clear());
        Expect(Actions.Define(), RejectionCode.InvalidField, "define_type.titles", b =>
        {
            for (int i = 0; i < 16; i++)
                b.DefineType.Titles.Add(new LocalizedText { Language = $"x-{i}", Text = "t" });
        });
        Expect(Actions.Define(), RejectionCode.InvalidField, "define_type.titles[1].language", b =>
            b.DefineType.Titles.Add(new LocalizedText { Language = "en", Text = "t" }));
        Expect(Actions.Define(), RejectionCode.InvalidField, "define_type.titles[1].language", b =>
            b.DefineType.Titles.Add(new LocalizedText { Language = "e", Text = "t" }));
        Expect(Actions.Define(), RejectionCode.InvalidField, "define_type.titles[1].text", b =>
            b.DefineType.Titles.Add(new LocalizedText { Language = "fr" }));
        Expect(Actions.Define("Bad"), RejectionCode.InvalidField, "define_type.type");
    }

    [Test]
    public void TryDecode_Enrolment_HasKeyRolesAndAPossibleTime()
    {
        TransactionBody enrol = Valid[4];
        Expect(enrol, RejectionCode.InvalidField, "enrol_officer.officer_id", b => b.EnrolOfficer.OfficerId = "a b");
        Expect(enrol, RejectionCode.InvalidField, "enrol_officer.public_key", b => b.EnrolOfficer.PublicKey = ByteString.CopyFrom(2, 3));
        foreach (uint[] roles in new uint[][] { [], [0], [6], [1, 1], [2, 1] })
        {
            Expect(enrol, RejectionCode.InvalidField, "enrol_officer.roles", b =>
            {
                b.EnrolOfficer.Roles.Clear();
                b.EnrolOfficer.Roles.Add(roles);
            });
        }
        Assert.That(Decode(enrol, b => b.EnrolOfficer.Roles.Add([])), Is.Null);
        Assert.That(Decode(enrol, b => (b.EnrolOfficer.ValidFromMs, b.EnrolOfficer.ValidUntilMs) = (5, 6)), Is.Null);
        Expect(enrol, RejectionCode.InvalidField, "enrol_officer.valid_until_ms",
            b => (b.EnrolOfficer.ValidFromMs, b.EnrolOfficer.ValidUntilMs) = (5, 5));
        Expect(Valid[5], RejectionCode.InvalidField, "revoke_officer.officer_id", b => b.RevokeOfficer.OfficerId = "");
    }

    [Test]
    public void TryDecode_LongValue_IsShortenedInTheFacts()
    {
        Rejection? rejection = Decode(Actions.Register(new string('a', 63) + "😀😀😀"));
        string value = rejection!.Facts.Single(fact => fact.Name == "value").Value;
        Assert.That(value, Is.EqualTo(new string('a', 63) + "..."));
    }

    [Test]
    public void TryDecode_MutatedEnvelope_NeverThrowsAndWhatPassesIsCanonical() =>
        Gen.Select(Gen.Int[0, Valid.Length - 1], WireSamples.Mutations).Sample((i, mutate) =>
        {
            byte[] envelope = mutate(Unsigned(Valid[i]));
            Transaction? transaction = TransactionDecoder.TryDecode(envelope, Chain, out Rejection? rejection);
            return transaction is null
                ? rejection is not null && rejection.Message.Length > 0
                : SignedTransaction.Parser.ParseFrom(envelope).ToByteArray().AsSpan().SequenceEqual(envelope);
        }, iter: 20_000);

    [Test]
    public void DecodeAll_WholeAndMutatedEnvelopes_SaysOfEachWhatTryDecodeSays() =>
        Gen.Select(Gen.Int[0, Valid.Length - 1], Gen.Int[13, 40], Gen.Bool, WireSamples.Mutations).Array[0, 24].Sample(drawn =>
        {
            ReadOnlyMemory<byte>[] envelopes = [.. drawn.Select(d =>
            {
                byte[] envelope = Envelope.Signed(Envelope.Body(Chain, new TestKey(d.Item2).Public, Valid[d.Item1], 1_000), new TestKey(d.Item2));
                return (ReadOnlyMemory<byte>)(d.Item3 ? envelope : d.Item4(envelope));
            })];
            DecodedEnvelope[] decoded = TransactionDecoder.DecodeAll(envelopes, Chain);
            Assert.That(decoded, Has.Length.EqualTo(envelopes.Length));
            for (int i = 0; i < decoded.Length; i++)
            {
                Transaction? alone = TransactionDecoder.TryDecode(envelopes[i], Chain, out Rejection? rejection);
                Assert.That(decoded[i].Rejection?.Code, Is.EqualTo(rejection?.Code));
                Assert.That(decoded[i].Rejection?.Message, Is.EqualTo(rejection?.Message));
                Assert.That(Facts(decoded[i].Transaction), Is.EqualTo(Facts(alone)));
            }
        }, iter: 60);

    private static string? Facts(Transaction? t) => t is null ? null
        : string.Join(' ', t.Id, t.LeafHash, t.Signer, t.Signature, t.Envelope.Length, t.Body, string.Join(',', t.SignatureChecks));

    private static TransactionBody Body(TransactionBody action) => Envelope.Body(Chain, Signer.Public, action, 1_000);

    private static byte[] Unsigned(TransactionBody action) => Envelope.Unsigned(Body(action));

    private static Rejection? Decode(TransactionBody action, Action<TransactionBody>? change = null)
    {
        TransactionBody body = Body(action);
        change?.Invoke(body);
        Transaction? transaction = TransactionDecoder.TryDecode(Envelope.Unsigned(body), Chain, out Rejection? rejection);
        Assert.That(transaction is null, Is.EqualTo(rejection is not null));
        return rejection;
    }

    private static void Expect(
        TransactionBody action, RejectionCode code, string? field = null, Action<TransactionBody>? change = null)
    {
        Rejection? rejection = Decode(action, change);
        Assert.That(rejection?.Code, Is.EqualTo(code), rejection?.Message);
        if (field is not null)
            Assert.That(rejection!.Facts, Does.Contain(("field", field)));
    }

    private static void ExpectBytes(byte[] envelope, RejectionCode code, string? field)
    {
        Assert.That(TransactionDecoder.TryDecode(envelope, Chain, out Rejection? rejection), Is.Null);
        Assert.That(rejection?.Code, Is.EqualTo(code), rejection?.Message);
        if (field is not null)
            Assert.That(rejection!.Facts, Does.Contain(("field", field)));
    }
}
