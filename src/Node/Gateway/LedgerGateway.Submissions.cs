using System.Text;
using Google.Protobuf;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>What waits for approval, and who may approve on whose behalf.</summary>
internal sealed partial class LedgerGateway
{
    private const int DelegationsMax = 10_000;

    /// <inheritdoc/>
    public ListSubmissionsResponse ListSubmissions(ListSubmissionsRequest request) => Read(view =>
    {
        byte[] prefix = Encoding.ASCII.GetBytes(request.Type + '\0');
        byte[] after = PageToken.ReadRecord(request.PageToken) is { } id
            ? [.. prefix, .. Encoding.ASCII.GetBytes(id)]
            : [];
        int limit = (int)request.PageSize;
        // One more tells whether there is another page.
        IReadOnlyList<StateChange> found = view.EnumerateStates(StateKind.Submission, prefix, after, limit + 1);
        var response = new ListSubmissionsResponse { Height = view.TipHeight };
        int bytes = 0;
        for (int i = 0; i < found.Count; i++)
        {
            if (i == limit || bytes > PageBytesMax)
            {
                response.NextPageToken = PageToken.AfterRecord(Encoding.ASCII.GetString(found[i - 1].Key.Id[prefix.Length..]));
                break;
            }
            SubmissionState state = SubmissionState.Parser.ParseFrom(found[i].Value);
            if (!Waits(view, state))
                continue;
            Submission submission = Describe(view, state);
            bytes += submission.CalculateSize();
            response.Submissions.Add(submission);
        }
        return response;
    });

    /// <inheritdoc/>
    public ListDelegationsResponse ListDelegations(string department) => Read(view =>
    {
        var response = new ListDelegationsResponse { Height = view.TipHeight };
        byte[] prefix = Encoding.ASCII.GetBytes(department + '\0');
        foreach (StateChange found in view.EnumerateStates(StateKind.Delegation, prefix, [], DelegationsMax))
        {
            DelegationState delegation = DelegationState.Parser.ParseFrom(found.Value);
            if (DelegationRules.IsInForce(delegation, Officer(view, department, delegation.Delegator), Officer(view, department, delegation.OfficerId), view.Tip.TimestampMs))
                response.Delegations.Add(delegation);
        }
        return response;
    });

    private static OfficerState? Officer(LedgerSnapshot view, string department, string officerId) =>
        StateValue.Read<OfficerState>(view, StateKey.Officer(department, officerId));

    /// <summary>Whether it may still be approved: undecided, in time, and overtaken by no other version.</summary>
    private static bool Waits(LedgerSnapshot view, SubmissionState state)
    {
        if (state.Status != (uint)SubmissionStatus.Waiting || state.ApproveUntilMs <= view.Tip.TimestampMs)
            return false;
        RecordName record = state.Proposed.Record;
        ulong version = view.GetState(StateKey.Record(record.Type, record.Id)) is { } value
            ? RecordState.Parser.ParseFrom(value.Span).Version : 0;
        return state.Proposed.Version == version + 1;
    }

    private static Submission Describe(LedgerSnapshot view, SubmissionState state)
    {
        StoredTransaction transaction = StoredTransaction.Parse(view.GetEntry(state.Proposed.Position));
        (RecordChange change, string action) = transaction.RecordAction
            ?? throw new InvalidDataException($"Transaction {transaction.Id} waits for approval but changes no record.");
        return new Submission
        {
            State = state,
            Payload = change.Payload?.Inline.Content ?? ByteString.Empty,
            Action = action,
            KeyEnded = KeyEnded(view, transaction),
        };
    }
}
