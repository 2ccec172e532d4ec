using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Simulation;

/// <summary>Makes changes of the validators for the epoch that acts, approved by a quorum of the founders' administrators.
/// </summary>
/// <param name="chain">Signs them.</param>
/// <param name="keys">All keys.</param>
/// <param name="founders">How many departments have founded the ledger.</param>
/// <param name="history">The ledger's changes so far.</param>
internal sealed class MembershipMaker(SimulatedChain chain, ValidatorKeys keys, int founders, ValidatorHistory history)
{
    private const ulong ExpiryMs = 24 * 60 * 60_000;

    /// <summary>A change of this kind, about this department, submitted at a time.</summary>
    public Transaction Make(MembershipKind kind, int subject, ulong utcMs)
    {
        MembershipChange change = kind switch
        {
            MembershipKind.Admit => Admit(subject),
            MembershipKind.Remove => Remove(subject),
            _ => Replace(subject),
        };
        change.Epoch = history.Epoch;
        change.ExpiresAtMs = utcMs + ExpiryMs;
        // The last one's officers are enrolled from the block after its admission on only.
        IEnumerable<int> approvers = Enumerable.Range(0, founders).Take(history.Acting.QuorumSize);
        return chain.Change(change, subject, approvers, utcMs);
    }

    private MembershipChange Admit(int department) => new()
    {
        Kind = (uint)MembershipKind.Admit,
        Department = keys.Set[department].Department,
        ValidatorKey = ByteString.CopyFrom(keys.Set[department].Key.Span),
        Names = { new LocalizedText { Language = "en", Text = "Newcomer" } },
        Endpoint = "newcomer.example:7001",
        Administrators =
        {
            new FirstAdministrator { OfficerId = "admin", PublicKey = ByteString.CopyFrom(keys.Officer(department).Span) },
        },
    };

    private MembershipChange Remove(int department) => new()
    {
        Kind = (uint)MembershipKind.Remove,
        Department = keys.Set[department].Department,
    };

    private MembershipChange Replace(int department)
    {
        PublicKey key = keys.Replacement(department)
            ?? throw new InvalidOperationException("This run has no keys to replace others by.");
        return new MembershipChange
        {
            Kind = (uint)MembershipKind.ReplaceKey,
            Department = keys.Set[department].Department,
            ValidatorKey = ByteString.CopyFrom(key.Span),
        };
    }
}
