using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;

namespace GovChain.Storage.Integrity;

/// <content>The state tree and the values under it, in chunks that cores take each for itself.</content>
public static partial class LedgerIntegrity
{
    // Pages enough to fill lanes many times. A chunk of values meets most of the 257 upper pages, which cost as much as some
    // hundred values where another chunk has them; 8,192 values are some megabytes.
    private const int PagesTogether = 256, StatesTogether = 8_192;

    private static IEnumerable<LedgerFinding> CheckPages(LedgerSnapshot ledger, int cores) =>
        InOrder.Spread(ledger.ScanPages(), PagesTogether, cores, CheckPages).SelectMany(static findings => findings);

    private static List<LedgerFinding> CheckPages(IReadOnlyList<(StatePageId Id, ReadOnlyMemory<byte> Bytes)> pages)
    {
        var findings = new List<LedgerFinding>();
        StatePageReading[] readings = StateTree.ReadLinks(pages);
        for (int i = 0; i < readings.Length; i++)
        {
            if (readings[i].Failure is not StatePageFailure.None and var failure)
                findings.Add(new("A page of the state tree is malformed.", $"pages {pages[i].Id}", "a page", $"{failure}"));
        }
        return findings;
    }

    /// <summary>Each value against its leaf in the tree, both ways; the tree's own pages against its root.</summary>
    private static IEnumerable<LedgerFinding> CheckStates(LedgerSnapshot ledger, int cores)
    {
        ulong values = 0;
        foreach ((int count, IEnumerable<LedgerFinding> findings) in InOrder.Spread(
            ledger.ScanStates(), StatesTogether, cores, states => (states.Count, CheckTogether(ledger, states))))
        {
            values += (ulong)count;
            foreach (LedgerFinding finding in findings)
                yield return finding;
        }
        StatePageLinks top = StateTree.Cut(ledger, ledger.Tip.StateRoot);
        ulong leaves = (ulong)top.Leaves;
        foreach (ulong below in InOrder.Spread(
            top.Children, 1, cores, subtree => StateTree.CountLeaves(ledger, subtree[0].Id, subtree[0].Root)))
            leaves += below;
        if (leaves != values)
            yield return new("The state has not as many values as the tree.", "state", $"{leaves}", $"{values}");
    }

    /// <summary>Nothing where the tree holds them all; where it does not, or cannot be read, each is looked at by itself.</summary>
    private static IEnumerable<LedgerFinding> CheckTogether(LedgerSnapshot ledger, IReadOnlyList<StateChange> states)
    {
        try
        {
            if (StateTree.Holds(ledger, ledger.Tip.StateRoot, StateRoots.LeavesOf(states)))
                return [];
        }
        catch (Exception e) when (e is CorruptPageException or StorageException)
        {
            // The first value that meets it says so.
        }
        return CheckEach(ledger, states);
    }

    private static IEnumerable<LedgerFinding> CheckEach(LedgerSnapshot ledger, IReadOnlyList<StateChange> states)
    {
        foreach (StateChange state in states)
        {
            StatePath path = StateTree.Prove(ledger, ledger.Tip.StateRoot, state.Key.TreeKey);
            Digest digest = Sha256.Hash(state.Value);
            StateProofFailure failure =
                StateVerifier.VerifyPresence(ledger.Tip.StateRoot, state.Key.TreeKey, digest, path);
            if (failure != StateProofFailure.None)
            {
                yield return new("A state value is not what the state tree holds.", $"state {state.Key}",
                    "its digest", $"{digest}: {failure}");
            }
        }
    }
}
