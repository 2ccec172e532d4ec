using System.Buffers.Binary;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Unit.Node;

/// <summary>Transactions for tests that are about order and room, not about signatures: nobody signed them.</summary>
internal static class PoolFixture
{
    public const string Type = "business-licence";

    public static readonly Digest ChainId = Sha256.Hash("test chain"u8);

    private static int _nonce;

    /// <summary>The version of a record that follows <paramref name="expected"/>.</summary>
    public static VerifiedTransaction Change(
        string record, ulong expected, ulong expiresAtMs = 1_000_000, int contentBytes = 10)
    {
        var change = new RecordChange
        {
            Record = new RecordName { Type = Type, Id = record },
            ExpectedVersion = expected,
            Payload = new Payload
            {
                Inline = new InlinePayload
                {
                    MediaType = "text/plain",
                    Content = ByteString.CopyFrom(Enumerable.Repeat((byte)'x', contentBytes).ToArray()),
                },
            },
        };
        TransactionBody body = Body(expiresAtMs);
        if (expected == 0)
        {
            body.Register = change;
        }
        else
        {
            change.Reason = "test";
            body.Amend = change;
        }
        return Unsigned(body);
    }

    /// <summary>The same, submitted for approval.</summary>
    public static VerifiedTransaction Submission(string record, ulong expected)
    {
        TransactionBody body = Change(record, expected).Transaction.Body.Clone();
        RecordActions.ChangeOf(body)!.ApproveUntilMs = 1_000_000;
        return Unsigned(body);
    }

    /// <summary>The approval of a change that follows <paramref name="expected"/>.</summary>
    public static VerifiedTransaction Approve(string record, ulong expected, Digest submission)
    {
        TransactionBody body = Body(1_000_000);
        body.Approve = new ApproveSubmission
        {
            Record = new RecordName { Type = Type, Id = record },
            ExpectedVersion = expected,
            Submission = ByteString.CopyFrom(submission.Span),
        };
        return Unsigned(body);
    }

    /// <summary>That a record's submission was made or decided.</summary>
    public static StateChange SubmissionOf(string record) => new(StateKey.Submission(Type, record), []);

    /// <summary>Closes a record in favour of another.</summary>
    public static VerifiedTransaction Supersede(string record, ulong expected, string successor)
    {
        TransactionBody body = Body(1_000_000);
        body.Supersede = new RecordChange
        {
            Record = new RecordName { Type = Type, Id = record },
            ExpectedVersion = expected,
            Reason = "test",
            Successors = { new RecordName { Type = Type, Id = successor } },
        };
        return Unsigned(body);
    }

    /// <summary>The enrolment of an officer.</summary>
    public static VerifiedTransaction Enrol(string officer)
    {
        TransactionBody body = Body(1_000_000);
        body.EnrolOfficer = new EnrolOfficer { OfficerId = officer, PublicKey = Signer };
        body.EnrolOfficer.Roles.Add((uint)OfficerRole.Clerk);
        return Unsigned(body);
    }

    /// <summary>A department's report of its leader, by one of two validator keys.</summary>
    public static VerifiedTransaction Suspend(bool byAnother = false)
    {
        TransactionBody body = Body(1_000_000);
        body.Signer = byAnother ? AnotherSigner : Signer;
        byte[] signature = new byte[Signature.Size];
        signature[31] = signature[63] = 1;
        body.SuspendLeader = new SuspendLeader
        {
            Height = 1,
            ViewChanges = { new SignedViewChange { Signer = Signer, Signature = ByteString.CopyFrom(signature) } },
        };
        return Unsigned(body);
    }

    /// <summary>A stored block as far as the pool looks at it.</summary>
    public static ExecutedBlock Block(ulong height, IReadOnlyList<VerifiedTransaction> transactions, params StateChange[] changes)
    {
        var records = new List<RecordVersionEntry>();
        foreach (VerifiedTransaction transaction in transactions)
        {
            if (RecordActions.VersionMadeBy(transaction.Transaction.Body) is { } made)
                records.Add(new RecordVersionEntry(StateKey.Record(made.Record.Type, made.Record.Id), made.Version, 0));
        }
        var header = new BlockHeader
        {
            ChainId = ChainId,
            Height = height,
            ParentHash = default,
            Epoch = 0,
            ValidatorSetHash = default,
            NextValidatorSetHash = default,
            TimestampMs = height,
            Proposer = 0,
            LogSizeBefore = 1,
            LogSizeAfter = 1 + (ulong)transactions.Count,
            LogRoot = default,
            StateRoot = default,
            ParametersHash = default,
        };
        return new ExecutedBlock(header, transactions, null!, null!, changes, records);
    }

    private static ByteString Signer { get; } = ByteString.CopyFrom(Convert.FromHexString(
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"));

    private static ByteString AnotherSigner { get; } = ByteString.CopyFrom(Convert.FromHexString(
        "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"));

    private static TransactionBody Body(ulong expiresAtMs)
    {
        byte[] nonce = new byte[Limits.NonceBytes];
        BinaryPrimitives.WriteInt32BigEndian(nonce, Interlocked.Increment(ref _nonce));
        return new TransactionBody
        {
            FormatVersion = 1,
            Algorithm = 1,
            ChainId = ByteString.CopyFrom(ChainId.Span),
            Signer = Signer,
            Nonce = ByteString.CopyFrom(nonce),
            ExpiresAtMs = expiresAtMs,
        };
    }

    private static VerifiedTransaction Unsigned(TransactionBody body)
    {
        byte[] signature = new byte[Signature.Size];
        signature[31] = signature[63] = 1;
        byte[] envelope = new SignedTransaction
        {
            Body = body.ToByteString(),
            Signature = ByteString.CopyFrom(signature),
        }.ToByteArray();
        Transaction? transaction = TransactionDecoder.TryDecode(envelope, ChainId, out Core.Model.Rejection? rejection);
        Assert.That(transaction, Is.Not.Null, rejection?.Message);
        return VerifiedTransaction.VerifyAll([transaction!], new Gullible())[0]!;
    }

    private sealed class Gullible : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results) => results.Fill(true);
    }
}
