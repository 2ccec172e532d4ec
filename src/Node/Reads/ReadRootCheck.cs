using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Reads;

/// <summary>What the ledger says of a read log.</summary>
/// <param name="Roots">Roots that the department has posted.</param>
/// <param name="Newest">The newest of them; null for none.</param>
/// <param name="Begins">The first root of the log that it belongs to, where that is not the department's first log; else null.</param>
/// <param name="Problem">How the log is not the one that the ledger has roots of; null if it is.</param>
internal sealed record ReadRootVerdict(ulong Roots, ReadRootState? Newest, ReadRootState? Begins, string? Problem);

/// <summary>Compares a read log that is whole in itself with the roots on the ledger.</summary>
internal static class ReadRootCheck
{
    /// <summary>Asks as few roots as name the first that the log does not hold: as each hash covers all before it, whoever holds one holds
    /// those before.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="department">Whose log it is.</param>
    /// <param name="entries">Entries that the log has.</param>
    /// <param name="hashOf">The hash of an entry; null where the log has none of that number.</param>
    public static async Task<ReadRootVerdict> RunAsync(
        ReadRootLedger ledger, string department, ulong entries, Func<ulong, Digest?> hashOf)
    {
        ulong roots = await ledger.CountAsync(department);
        if (roots == 0)
            return new ReadRootVerdict(0, null, null, null);
        ReadRootState newest = await ledger.GetAsync(department, roots);
        ReadRootState begins = await FirstAsync(1, roots, root => root.Log == newest.Log);
        ReadRootState? later = begins.Number > 1 ? begins : null;
        if (Holds(newest))
            return new ReadRootVerdict(roots, newest, later, null);
        ReadRootState first = await FirstAsync(begins.Number, roots, root => !Holds(root));
        return new ReadRootVerdict(roots, newest, later, Explain(first, newest, entries));

        bool Holds(ReadRootState root) => hashOf(root.LastEntry) is { } hash && hash.Span.SequenceEqual(root.Head.Span);

        // The condition holds of the last, and of all from the first of which it holds.
        async Task<ReadRootState> FirstAsync(ulong from, ulong last, Func<ReadRootState, bool> condition)
        {
            while (from < last)
            {
                ulong middle = from + (last - from) / 2;
                if (condition(await ledger.GetAsync(department, middle)))
                    last = middle;
                else
                    from = middle + 1;
            }
            return await ledger.GetAsync(department, last);
        }
    }

    private static string Explain(ReadRootState first, ReadRootState newest, ulong entries)
    {
        string posted = $"root {first.Number}, posted {UtcTime.Format(first.RecordedAtMs)}";
        if (entries == 0)
        {
            return $"the log has no entry, and the ledger has roots over {newest.LastEntry}: reads/ was removed, or this is a backup, which has none; "
                + $"the first that is missing is entry 1 ({posted})";
        }
        return entries < first.LastEntry
            ? $"the log ends with entry {entries}, and the ledger has a root over {first.LastEntry} ({posted}): it was cut off or written anew; the first that "
                + $"is missing is entry {Math.Max(entries + 1, first.FirstEntry)}, if those before are the same"
            : $"entry {first.LastEntry} is not the one that the ledger has the hash of ({posted}): one of entries {first.FirstEntry} to {first.LastEntry} was "
                + "altered, removed or added, and the log written anew from there on";
    }
}
