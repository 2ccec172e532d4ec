using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Unit.BadInput;

/// <summary>
/// Every flaw of the wire profile at every field of every action: flawed envelopes, and good ones around flawed bodies, each
/// rightly signed, so that nothing else stands in the way.
/// </summary>
internal static class FlawedEnvelopes
{
    private const string Type = "business-licence";

    /// <summary>All of them, for a ledger; they need neither the type nor the officers to be there.</summary>
    /// <param name="chainId">The ledger.</param>
    /// <param name="clerk">Signs changes of records, and the flawed bodies.</param>
    /// <param name="administrator">Signs the other actions.</param>
    public static IReadOnlyList<WireFlaw> Of(Digest chainId, ISigner clerk, ISigner administrator)
    {
        var flaws = new List<WireFlaw>();
        byte[][] envelopes = [.. Actions(new TransactionFactory(chainId, clerk), new TransactionFactory(chainId, administrator), clerk.PublicKey)];
        flaws.AddRange(WireFlaws.Of(SignedTransaction.Parser.ParseFrom(envelopes[0])));
        foreach (byte[] envelope in envelopes)
        {
            TransactionBody body = TransactionBody.Parser.ParseFrom(SignedTransaction.Parser.ParseFrom(envelope).Body);
            flaws.AddRange(WireFlaws.Of(body).Select(flaw => flaw with { Bytes = Seal(clerk, flaw.Bytes) }));
        }
        Assert.That(flaws, Has.Count.GreaterThan(1_000));
        Assert.That(flaws.Select(f => f.Kind).Distinct().Count(), Is.EqualTo(13), "all rules but two, and lies");
        return flaws;
    }

    /// <summary>What the decoder says, which must be the rule that the flaw breaks.</summary>
    public static Rejection ExpectedFor(WireFlaw flaw, Digest chainId)
    {
        Transaction? transaction = TransactionDecoder.TryDecode(flaw.Bytes, chainId, out Rejection? rejection);
        Assert.That(transaction, Is.Null, flaw.What);
        // Another version may have other rules, so its number is looked at before they are applied.
        if (rejection!.Code == RejectionCode.UnsupportedVersion && flaw.What.Contains(".format_version:"))
            return rejection;
        // Behind a false length the next byte, of a random key, may look like a field that is reserved.
        if (rejection.Code == RejectionCode.NotActive && flaw.Kind is null)
            return rejection;
        Assert.That(rejection.Code, Is.EqualTo(RejectionCode.MalformedEnvelope), $"{flaw.What}: {rejection.Message}");
        if (flaw.Kind is { } kind)
            Assert.That(rejection.Facts, Does.Contain(("rule", kind.ToString())), $"{flaw.What}: {rejection.Message}");
        return rejection;
    }

    private static IEnumerable<byte[]> Actions(TransactionFactory clerk, TransactionFactory administrator, PublicKey officer)
    {
        var name = new RecordName { Type = Type, Id = "x" };
        var payload = new Payload
        {
            Inline = new InlinePayload { MediaType = "application/json", Content = ByteString.CopyFromUtf8("{}") },
        };
        yield return Sign(clerk, b => b.Register = new RecordChange
        {
            Record = name,
            Payload = payload,
            Reason = "new",
            LegalBasis = "Act 7",
            EffectiveDate = "2026-01-01",
            Links = { new RecordLink { Record = new RecordName { Type = Type, Id = "y" }, Version = 2 } },
            ApproveUntilMs = (ulong)DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds(),
        });
        yield return Sign(clerk, b => b.Amend = new RecordChange
        {
            Record = name,
            ExpectedVersion = 1,
            Payload = payload,
            Reason = "correction",
        });
        yield return Sign(clerk, b => b.Annul = new RecordChange { Record = name, ExpectedVersion = 1, Reason = "closed" });
        yield return Sign(clerk, b => b.Reinstate = new RecordChange { Record = name, ExpectedVersion = 1, Reason = "judgment" });
        yield return Sign(clerk, b => b.Supersede = new RecordChange
        {
            Record = name,
            ExpectedVersion = 1,
            Reason = "divided",
            Successors = { new RecordName { Type = Type, Id = "y" }, new RecordName { Type = Type, Id = "z" } },
        });
        yield return Sign(clerk, b => b.Transfer = new RecordChange
        {
            Record = name,
            ExpectedVersion = 1,
            Reason = "merged",
            ApproveUntilMs = (ulong)DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds(),
            Receiver = "dept-y",
        });
        ByteString submission = ByteString.CopyFrom(clerk.ChainId.Span);
        yield return Sign(clerk, b => b.Approve = new ApproveSubmission { Record = name, ExpectedVersion = 1, Submission = submission, OnBehalfOf = "c-2" });
        yield return Sign(clerk, b => b.Refuse = new RefuseSubmission { Record = name, Submission = submission, Reason = "incomplete", OnBehalfOf = "c-2" });
        ulong tomorrowMs = (ulong)DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds();
        yield return Sign(clerk, b => b.DelegateApproval = new DelegateApproval { OfficerId = "c-2", UntilMs = tomorrowMs, Reason = "on leave" });
        yield return Sign(clerk, b => b.RevokeDelegation = new RevokeDelegation { Delegator = "c-1", OfficerId = "c-2", Reason = "back" });
        yield return Sign(administrator, b =>
        {
            b.DefineType = new DefineType { Type = "t", ExpectedVersion = 1, Description = "d", PublicRead = true, Schema = "{}", LinksInForce = true, FourEyes = true };
            b.DefineType.Titles.Add(new LocalizedText { Language = "en", Text = "T" });
            b.DefineType.Approvers.Add(["dept-y", "dept-z"]);
            b.DefineType.Readers.Add(["dept-w", "dept-x"]);
            b.DefineType.Titles.Add(new LocalizedText { Language = "fr", Text = "T" });
        });
        yield return Sign(administrator, b =>
        {
            b.EnrolOfficer = new EnrolOfficer
            {
                OfficerId = "c-2",
                PublicKey = ByteString.CopyFrom(officer.Span),
                ValidFromMs = 1,
                ValidUntilMs = 2,
            };
            b.EnrolOfficer.Roles.Add([1u, 2u]);
        });
        yield return Sign(administrator, b => b.RevokeOfficer = new RevokeOfficer { OfficerId = "c-2", Reason = "left" });
        yield return Sign(administrator, b => b.RotateOfficerKey = new RotateOfficerKey
        {
            OfficerId = "c-2",
            PublicKey = ByteString.CopyFrom(officer.Span),
            Reason = "new card",
        });
        yield return Sign(administrator, b => b.Propose = new Propose
        {
            Change = new MembershipChange
            {
                Kind = 1,
                Epoch = 1,
                ExpiresAtMs = tomorrowMs,
                Department = "dept-z",
                ValidatorKey = ByteString.CopyFrom(officer.Span),
                Names = { new LocalizedText { Language = "en", Text = "Z" }, new LocalizedText { Language = "fr", Text = "Z" } },
                Endpoint = "z.example:7001",
                Administrators =
                {
                    new FirstAdministrator { OfficerId = "a-1", PublicKey = ByteString.CopyFrom(officer.Span) },
                    new FirstAdministrator { OfficerId = "a-2", PublicKey = ByteString.CopyFrom(officer.Span) },
                },
                Reason = "joins",
                Parameters = new Parameters { BlockBytesMax = 1, BlockTransactionsMax = 1, ComplaintTimeoutMs = 1 },
            },
            NewKeySignature = ByteString.CopyFrom(new byte[64]),
        });
        yield return Sign(administrator, b => b.VoteOnProposal = new VoteOnProposal
        {
            Department = "dept-z",
            Proposal = submission,
            InFavour = true,
            Reason = "good",
        });
        yield return Sign(administrator, b => b.WithdrawProposal = new WithdrawProposal { Proposal = submission, Reason = "overtaken" });
    }

    private static byte[] Sign(TransactionFactory factory, Action<TransactionBody> action) =>
        factory.Create(action, (ulong)DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeMilliseconds()).Bytes;

    private static byte[] Seal(ISigner signer, byte[] body) => new SignedTransaction
    {
        Body = ByteString.CopyFrom(body),
        Signature = ByteString.CopyFrom(signer.Sign(DomainTag.Hash(DomainTag.Transaction, body)).Span),
    }.ToByteArray();
}
