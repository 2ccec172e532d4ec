using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Membership;

/// <summary>An administrator whose approval counts.</summary>
internal sealed record Approver(PublicKey Key, string Department, string OfficerId);

/// <summary>A signature that does not count, and why.</summary>
internal readonly record struct UselessApproval(PublicKey Key, string Why);

/// <summary>Whose the signatures on a change are, which of them count, and whose are missing.</summary>
/// <param name="Departments">Those that vote, ascending; empty where nobody was asked.</param>
/// <param name="Approvers">Administrators whose approval counts, one of a department.</param>
/// <param name="Useless">Signatures that do not count.</param>
/// <param name="Unknown">Signatures of which it could not be found out.</param>
internal sealed record ApprovalReview(
    IReadOnlyList<string> Departments, IReadOnlyList<Approver> Approvers, IReadOnlyList<UselessApproval> Useless, IReadOnlyList<PublicKey> Unknown)
{
    /// <summary>Who votes is known.</summary>
    public bool IsChecked => Departments.Count > 0;

    /// <summary>How many departments must sign; 0 where it is not known.</summary>
    public int Needed => IsChecked ? Quorum.Size(Departments.Count) : 0;

    /// <summary>As many have signed as must.</summary>
    public bool IsEnough => IsChecked && Approvers.Count >= Needed;

    /// <summary>The departments that have not signed, as far as is known.</summary>
    public IReadOnlyList<string> Missing => [.. Departments.Except(Approvers.Select(static a => a.Department), StringComparer.Ordinal)];

    /// <summary>By the ledger's newest state, which must have the keys' and their departments' entries.</summary>
    /// <param name="file">The change with its signatures.</param>
    /// <param name="state">The state.</param>
    /// <param name="timeMs">Now, UTC milliseconds.</param>
    public static ApprovalReview ByLedger(MembershipFile file, StateOverlay state, ulong timeMs) =>
        Review(file, state.Leader.Departments, key =>
            MembershipRules.CheckApprover(state, key, state.Tip.Height + 1, Later(state, timeMs), out OfficerInterval? officer) is { } why
                ? (null, why)
                : (new Approver(key, officer!.Department, officer.OfficerId), null));

    /// <summary>By the genesis alone, for a change of epoch 0: it knows who founded the ledger, not who was enrolled or revoked since.</summary>
    public static ApprovalReview ByGenesis(MembershipFile file, Genesis genesis)
    {
        var state = new StateOverlay(new InMemoryLedger(genesis));
        return Review(file, state.Leader.Departments, key =>
        {
            string? why = MembershipRules.CheckApprover(state, key, 1, state.Tip.TimestampMs + 1, out OfficerInterval? officer);
            if (why is null)
                return (new Approver(key, officer!.Department, officer.OfficerId), null);
            return (null, genesis.Validators.IndexOf(key) >= 0 ? why : null);
        });
    }

    /// <summary>By the file alone.</summary>
    public static ApprovalReview ByFile(MembershipFile file) => Review(file, [], static _ => (null, null));

    /// <summary>Header time follows the clock and never falls behind the newest header's.</summary>
    public static ulong Later(StateOverlay state, ulong timeMs) => Math.Max(timeMs, state.Tip.TimestampMs + 1);

    /// <param name="file">The change with its signatures.</param>
    /// <param name="departments">Who votes.</param>
    /// <param name="judge">Whose a key is, or why it does not count; neither where nothing is known of it.</param>
    private static ApprovalReview Review(
        MembershipFile file, IEnumerable<string> departments, Func<PublicKey, (Approver? Approver, string? Why)> judge)
    {
        var approvers = new SortedDictionary<string, Approver>(StringComparer.Ordinal);
        var useless = new List<UselessApproval>();
        var unknown = new List<PublicKey>();
        foreach (PublicKey key in file.Signers)
        {
            (Approver? approver, string? why) = file.IsNewcomers(key)
                ? (null, $"signed by an administrator of {file.Change.Department}, which has no vote yet")
                : judge(key);
            if (approver is not null && !approvers.TryAdd(approver.Department, approver))
            {
                why = $"signed by officer {approver.OfficerId} of {approver.Department}, for which "
                    + $"{approvers[approver.Department].OfficerId} has signed already";
            }
            if (why is not null)
                useless.Add(new UselessApproval(key, why));
            else if (approver is null)
                unknown.Add(key);
        }
        return new ApprovalReview([.. departments], [.. approvers.Values], useless, unknown);
    }
}
