using CsCheck;
using Google.Protobuf;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Wire;

/// <summary>Generators of transaction bodies, not all of them valid, and of damage to bytes.</summary>
internal static class WireSamples
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char['a', 'z'], 0, 8], Gen.Const(""), Gen.Const("北京市"), Gen.Const("a\0b"), Gen.Const("😀"));

    private static readonly Gen<ByteString> Blob = Gen.Byte.Array[0, 40].Select(ByteString.CopyFrom);

    private static readonly Gen<LocalizedText> Title =
        Gen.Select(Text, Text, (language, text) => new LocalizedText { Language = language, Text = text });

    private static readonly Gen<RecordChange> Change = Gen.Select(
        Text, Text, Gen.ULong, Blob, Gen.Bool, Text,
        (type, id, version, content, inline, reason) => new RecordChange
        {
            Record = new RecordName { Type = type, Id = id },
            ExpectedVersion = version,
            Payload = inline ? new Payload { Inline = new InlinePayload { MediaType = id, Content = content } } : null,
            Reason = reason,
            EffectiveDate = type,
            Links = { Enumerable.Repeat(new RecordLink { Record = new RecordName { Id = id }, Version = version }, content.Length % 2) },
            ApproveUntilMs = version,
            Receiver = inline ? "" : id,
            Successors = { Enumerable.Repeat(new RecordName { Type = id, Id = reason }, content.Length % 3) },
        });

    private static readonly Gen<TransactionBody> Action = Gen.OneOf(
        Change.Select(c => new TransactionBody { Register = c }),
        Change.Select(c => new TransactionBody { Amend = c }),
        Change.Select(c => new TransactionBody { Annul = c }),
        Change.Select(c => new TransactionBody { Supersede = c }),
        Change.Select(c => new TransactionBody { Reinstate = c }),
        Change.Select(c => new TransactionBody { Transfer = c }),
        Gen.Select(Text, Gen.ULong, Blob, (id, version, submission) => new TransactionBody
        {
            Approve = new ApproveSubmission { Record = new RecordName { Id = id }, ExpectedVersion = version, Submission = submission },
        }),
        Gen.Select(Text, Blob, (id, submission) => new TransactionBody
        {
            Refuse = new RefuseSubmission { Record = new RecordName { Id = id }, Submission = submission, Reason = id },
        }),
        Gen.Select(Text, Gen.ULong, (id, time) => new TransactionBody { DelegateApproval = new DelegateApproval { OfficerId = id, UntilMs = time, Reason = id } }),
        Gen.Select(Text, Text, (id, other) => new TransactionBody { RevokeDelegation = new RevokeDelegation { Delegator = id, OfficerId = other } }),
        Gen.Select(Text, Title.Array[0, 3], Gen.Bool, (type, titles, read) => new TransactionBody
        {
            DefineType = new DefineType { Type = type, Titles = { titles }, PublicRead = read, Description = type, Schema = type, Approvers = { type }, Readers = { type }, FourEyes = read },
        }),
        Gen.Select(Text, Blob, Gen.UInt.Array[0, 4], Gen.ULong, (id, key, roles, time) => new TransactionBody
        {
            EnrolOfficer = new EnrolOfficer { OfficerId = id, PublicKey = key, Roles = { roles }, ValidFromMs = time },
        }),
        Text.Select(id => new TransactionBody { RevokeOfficer = new RevokeOfficer { OfficerId = id } }),
        Gen.Select(Text, Blob, (id, key) => new TransactionBody { RotateOfficerKey = new RotateOfficerKey { OfficerId = id, PublicKey = key, Reason = id } }),
        Gen.Select(Text, Blob, Gen.UInt, Gen.ULong, Title.Array[0, 3], (id, key, kind, time, titles) => new TransactionBody
        {
            Propose = new Propose
            {
                Change = new MembershipChange
                {
                    Kind = kind,
                    Epoch = time,
                    ExpiresAtMs = time,
                    Department = id,
                    ValidatorKey = key,
                    Names = { titles },
                    Endpoint = id,
                    Parameters = kind % 2 == 0 ? null : new Parameters { BlockTransactionsMax = kind, ExpiryHorizonMs = time },
                },
                NewKeySignature = key,
            },
        }),
        Gen.Select(Text, Blob, Gen.Bool, (id, proposal, inFavour) => new TransactionBody
        {
            VoteOnProposal = new VoteOnProposal { Department = id, Proposal = proposal, InFavour = inFavour, Reason = id },
        }),
        Gen.Select(Text, Blob, (id, proposal) => new TransactionBody { WithdrawProposal = new WithdrawProposal { Proposal = proposal, Reason = id } }),
        Gen.Const(new TransactionBody()));

    /// <summary>Bodies with any of their fields.</summary>
    public static Gen<TransactionBody> Bodies { get; } = Gen.Select(
        Action, Gen.UInt, Blob, Gen.ULong,
        (body, version, blob, time) =>
        {
            TransactionBody result = body.Clone();
            result.FormatVersion = version;
            result.Nonce = blob;
            result.ExpiresAtMs = time;
            return result;
        });

    /// <summary>A body that uses strings, bytes, numbers, repeated fields and three levels of messages.</summary>
    public static TransactionBody Full { get; } = new()
    {
        FormatVersion = 1,
        Algorithm = 1,
        ChainId = ByteString.CopyFrom(new byte[32]),
        ExpiresAtMs = ulong.MaxValue,
        Register = new RecordChange
        {
            Record = new RecordName { Type = "licence", Id = "x-1" },
            ExpectedVersion = 300,
            Payload = new Payload
            {
                Inline = new InlinePayload { MediaType = "text/plain", Content = ByteString.CopyFromUtf8("北京") },
            },
            Reason = "r",
        },
    };

    /// <summary>One flipped bit, a byte put in, taken out or doubled, or a piece moved.</summary>
    public static Gen<Func<byte[], byte[]>> Mutations { get; } = Gen.Select(
        Gen.Int[0, 4], Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 10_000],
        (kind, where, value, other) => (Func<byte[], byte[]>)(bytes => Mutate(bytes, kind, where, value, other)));

    private static byte[] Mutate(byte[] bytes, int kind, int where, byte value, int other)
    {
        if (bytes.Length == 0)
            return [value];
        int at = where % bytes.Length;
        int to = at + other % (bytes.Length - at);
        switch (kind)
        {
            case 0:
                byte[] flipped = [.. bytes];
                flipped[at] ^= (byte)(1 << (value & 7));
                return flipped;
            case 1:
                return [.. bytes[..at], value, .. bytes[at..]];
            case 2:
                return [.. bytes[..at], .. bytes[(at + 1)..]];
            case 3:
                return [.. bytes[..to], .. bytes[at..to], .. bytes[to..]];
            default:
                return [.. bytes[..at], .. bytes[to..], .. bytes[at..to]];
        }
    }
}
