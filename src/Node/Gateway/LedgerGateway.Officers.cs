using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>Who signs, and who once did.</summary>
internal sealed partial class LedgerGateway
{
    /// <inheritdoc/>
    public ListOfficersResponse ListOfficers(ListOfficersRequest request) => Read(view =>
    {
        int limit = (int)request.PageSize;
        // One more tells whether there is another page.
        IReadOnlyList<StateChange> found = view.EnumerateStates(StateKind.OfficerKey, [], PageToken.ReadKey(request.PageToken), limit + 1);
        DepartmentState? department = StateValue.Read<DepartmentState>(view, StateKey.Department(request.Department));
        var response = new ListOfficersResponse { Height = view.TipHeight };
        if (found.Count > limit)
            response.NextPageToken = PageToken.AfterKey(found[limit - 1].Key.Id);
        foreach (StateChange each in found.Take(limit))
        {
            OfficerKeyState key = OfficerKeyState.Parser.ParseFrom(each.Value);
            foreach (OfficerInterval interval in key.Intervals)
            {
                if (interval.Department == request.Department)
                    response.Keys.Add(new OfficerKey { PublicKey = key.PublicKey, Interval = interval, Standing = StandingOf(interval, department, view.Tip.TimestampMs) });
            }
        }
        return response;
    });

    /// <summary>The last block in which the key counts that signed a transaction, where it was revoked or replaced since; 0: it was not, or
    /// the transaction is below what is here.</summary>
    private static ulong KeyEnded(LedgerSnapshot view, ulong position) =>
        view.Gap is { } gap && position < gap.FirstPosition ? 0 : KeyEnded(view, StoredTransaction.Parse(view.GetEntry(position)));

    private static ulong KeyEnded(LedgerSnapshot view, StoredTransaction transaction) =>
        StateValue.Read<OfficerKeyState>(view, new StateKey(StateKind.OfficerKey, transaction.Body.Signer.Span))?.Intervals.LastOrDefault()?.LastHeight ?? 0;

    private static string StandingOf(OfficerInterval interval, DepartmentState? department, ulong timeMs) => interval switch
    {
        { LastHeight: > 0 } => "ended",
        _ when department is { RemovedHeight: > 0 } => "removed",
        _ when department is { SuspendedHeight: > 0 } => "suspended",
        _ when timeMs < interval.ValidFromMs => "notYetValid",
        { ValidUntilMs: > 0 } when interval.ValidUntilMs <= timeMs => "expired",
        _ => "valid",
    };
}
