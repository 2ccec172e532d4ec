using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Alarms;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Storage.Reads;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Reads;

/// <summary>
/// Brings the root of the node's read log onto the ledger, and tells the operator where it cannot, or where the log is not the one that the
/// ledger knows. What fails here is tried again and stops nothing. Not thread-safe: the node's housekeeping owns it.
/// </summary>
internal sealed class ReadRootReports(
    string self, DataDirectory directory, Func<ReadChain?> log, LedgerHead ledger, ProtocolTransactions transactions, AlarmBoard alarms,
    TimeProvider time, ReadRootPlan plan, ILogger logger)
{
    private (ulong Root, bool IsHeld, ulong? FirstMs)? _looked;
    private ulong _againMs;
    private ulong _uncovered;

    /// <summary>Entries that no root covers, as last looked at. For any thread.</summary>
    public ulong Uncovered => Volatile.Read(ref _uncovered);

    /// <summary>Posts what is due. About once a second.</summary>
    public async Task LookAsync()
    {
        if (TakeDue() is not { } root)
            return;
        SubmissionResult result = await transactions.SubmitAsync(body => body.PostReadRoot = root);
        logger.ReadRootPosted(root.FirstEntry, root.LastEntry, result.Answer);
    }

    private PostReadRoot? TakeDue()
    {
        if (log() is not { } end)
            return null; // an alarm says why
        try
        {
            if (!TryReadNewest(out ReadRootState? newest))
                return null; // the ledger's protocol version has no roots yet
            ReadLogStanding standing = Stand(newest, end, out ulong firstMs);
            Volatile.Write(ref _uncovered, standing.Uncovered);
            ulong nowMs = time.NowMs();
            alarms.Set(NodeAlarm.ReadLogReplaced, !standing.IsHeld, "", () => Replaced(standing.Newest!));
            alarms.Set(NodeAlarm.ReadRootOverdue, plan.IsOverdue(standing, firstMs, nowMs), "", () =>
                $"The read log has {standing.Uncovered} entries from number {standing.Covered + 1} on that no root on the ledger covers, the first "
                + $"of {UtcTime.Format(firstMs)}.");
            if (plan.Due(standing, nowMs) is not { } due || time.MonotonicMs() < _againMs)
                return null;
            _againMs = time.MonotonicMs() + transactions.ValidMs; // until it stands on the ledger: it may expire before a leader takes it
            return due;
        }
        catch (StorageException e)
        {
            alarms.Raise(NodeAlarm.ReadRootOverdue, $"The root of the read log cannot be posted. {e.Message}");
            return null;
        }
    }

    private bool TryReadNewest(out ReadRootState? newest)
    {
        using LedgerSnapshot view = ledger.OpenSnapshot();
        newest = ReadRootRules.Newest(new StateOverlay(view), self);
        return ProtocolVersions.Since((int)TransactionBody.ActionOneofCase.PostReadRoot) <= ProtocolVersions.Of(view).Version;
    }

    /// <summary>The files are asked once for each root, and once more when the first entry after it has come.</summary>
    private ReadLogStanding Stand(ReadRootState? newest, ReadChain end, out ulong firstMs)
    {
        ulong root = newest?.Number ?? 0;
        bool isHeld = _looked?.Root == root
            ? _looked.Value.IsHeld
            : newest is null || ReadLogFiles.Find(directory, newest.LastEntry)?.Hash.Span.SequenceEqual(newest.Head.Span) == true;
        var standing = new ReadLogStanding(newest, isHeld, end);
        ulong? first = _looked?.Root == root ? _looked.Value.FirstMs : null;
        if (first is null && standing.Uncovered > 0)
            first = ReadLogFiles.Find(directory, standing.Covered + 1)?.Entry.TimeMs;
        _looked = (root, isHeld, first);
        firstMs = first ?? 0;
        return standing;
    }

    private static string Replaced(ReadRootState newest) =>
        $"The ledger has the hash of entry {newest.LastEntry} of this department's read log, posted {UtcTime.Format(newest.RecordedAtMs)}, and the "
        + "log here does not hold that entry: it was begun anew, or written anew. Every department sees it by the next root.";
}
