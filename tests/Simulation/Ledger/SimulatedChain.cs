using System.Buffers.Binary;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Simulation;

/// <summary>The ledger all validators begin with, and the signing of its transactions by each department's administrator.
/// </summary>
internal sealed class SimulatedChain
{
    /// <summary>How long a transaction is good for, milliseconds.</summary>
    public const ulong ExpiryMs = 30 * 60_000;

    private readonly ValidatorKeys _keys;
    private ulong _transactions;

    public SimulatedChain(ValidatorKeys keys, ulong createdAtMs, Scenario scenario)
    {
        _keys = keys;
        Parameters parameters = LedgerParameters.CreateDefault();
        parameters.BlockTransactionsMax = scenario.Parameters.BlockTransactionsMax;
        parameters.LeaderBlocksMax = scenario.LeaderBlocksMax;
        var body = new GenesisBody
        {
            FormatVersion = 1,
            NetworkName = "simulation",
            CreatedAtMs = createdAtMs,
            Nonce = ByteString.CopyFrom(new byte[Limits.NonceBytes]),
            Parameters = parameters,
            ProtocolVersion = 1,
        };
        for (int i = 0; i < scenario.Founders; i++)
        {
            body.Departments.Add(new GenesisDepartment
            {
                Id = keys.Set[i].Department,
                Names = { new LocalizedText { Language = "en", Text = keys.Set[i].Department } },
                ValidatorKey = ByteString.CopyFrom(keys.Set[i].Key.Span),
                Endpoint = $"{keys.Set[i].Department}.example:7001",
                Administrators =
                {
                    new GenesisOfficer { OfficerId = "admin", PublicKey = ByteString.CopyFrom(keys.Officer(i).Span) },
                },
            });
        }
        Genesis = Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure)
            ?? throw new InvalidOperationException(failure!.Message);
    }

    public Genesis Genesis { get; }

    public Digest ChainId => Genesis.ChainId;

    /// <summary>An administrator defines a version of a record type: it commits on the version before, and only there.
    /// </summary>
    public Transaction Define(int department, ulong utcMs, string type, ulong expectedVersion)
    {
        TransactionBody body = NewBody(_keys.Officer(department), utcMs);
        body.DefineType = new DefineType
        {
            Type = type,
            ExpectedVersion = expectedVersion,
            Titles = { new LocalizedText { Language = "en", Text = "Type" } },
        };
        byte[] bytes = body.ToByteArray();
        return Decode(bytes, _keys.SignAsOfficer(department, DomainTag.Hash(DomainTag.Transaction, bytes)));
    }

    /// <summary>A validator reports a leader.</summary>
    public Transaction Suspend(int validator, PublicKey key, ulong utcMs, SuspendLeader action)
    {
        TransactionBody body = NewBody(key, utcMs);
        body.SuspendLeader = action;
        byte[] bytes = body.ToByteArray();
        return Decode(bytes, _keys.SignWith(key, validator, DomainTag.Hash(DomainTag.Transaction, bytes)));
    }

    /// <summary>The administrators of the departments approve a change of the validators, and the first of them submits it.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="subject">The department that it is about.</param>
    /// <param name="approvers">Departments, ascending.</param>
    /// <param name="utcMs">The time.</param>
    public Transaction Change(MembershipChange change, int subject, IEnumerable<int> approvers, ulong utcMs)
    {
        Digest digest = MembershipFields.SigningDigest(change, ChainId);
        var action = new ChangeMembership { Change = change };
        foreach (int department in approvers.OrderBy(_keys.Officer))
        {
            action.Approvals.Add(new MembershipApproval
            {
                Signer = ByteString.CopyFrom(_keys.Officer(department).Span),
                Signature = ByteString.CopyFrom(_keys.SignAsOfficer(department, digest).Span),
            });
        }
        if (PublicKey.TryParse(change.ValidatorKey.Span, out PublicKey? key))
            action.NewKeySignature = ByteString.CopyFrom(_keys.SignWith(key, subject, digest).Span);
        TransactionBody body = NewBody(_keys.Officer(0), utcMs);
        body.ChangeMembership = action;
        byte[] bytes = body.ToByteArray();
        return Decode(bytes, _keys.SignAsOfficer(0, DomainTag.Hash(DomainTag.Transaction, bytes)));
    }

    /// <summary>The same body under a signature that nobody made.</summary>
    public Transaction WithGarbageSignature(Transaction transaction)
    {
        byte[] garbage = transaction.Signature.Span.ToArray();
        garbage[^1] ^= 1;
        return Signature.TryParse(garbage, out Signature signature)
            ? Decode(transaction.Body.ToByteArray(), signature)
            : transaction;
    }

    private TransactionBody NewBody(PublicKey signer, ulong utcMs)
    {
        byte[] nonce = new byte[Limits.NonceBytes];
        BinaryPrimitives.WriteUInt64BigEndian(nonce, ++_transactions);
        return new TransactionBody
        {
            FormatVersion = 1,
            Algorithm = 1,
            ChainId = ByteString.CopyFrom(ChainId.Span),
            Signer = ByteString.CopyFrom(signer.Span),
            Nonce = ByteString.CopyFrom(nonce),
            ExpiresAtMs = utcMs + ExpiryMs,
        };
    }

    private Transaction Decode(byte[] body, Signature signature)
    {
        byte[] envelope = new SignedTransaction
        {
            Body = ByteString.CopyFrom(body),
            Signature = ByteString.CopyFrom(signature.Span),
        }.ToByteArray();
        return TransactionDecoder.TryDecode(envelope, ChainId, out var rejection)
            ?? throw new InvalidOperationException(rejection!.Message);
    }
}
