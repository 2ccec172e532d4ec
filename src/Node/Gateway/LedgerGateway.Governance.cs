using System.Text;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Gateway;

/// <summary>What departments propose and vote on.</summary>
internal sealed partial class LedgerGateway
{
    /// <inheritdoc/>
    public ListProposalsResponse ListProposals(ListProposalsRequest request) => Read(view =>
    {
        byte[] after = PageToken.ReadRecord(request.PageToken) is { } department ? Encoding.ASCII.GetBytes(department) : [];
        int limit = (int)request.PageSize;
        // One more tells whether there is another page.
        IReadOnlyList<StateChange> found = view.EnumerateStates(StateKind.Proposal, [], after, limit + 1);
        var response = new ListProposalsResponse { Height = view.TipHeight };
        int bytes = 0;
        for (int i = 0; i < found.Count; i++)
        {
            if (i == limit || bytes > PageBytesMax)
            {
                response.NextPageToken = PageToken.AfterRecord(Encoding.ASCII.GetString(found[i - 1].Key.Id));
                break;
            }
            bytes += found[i].Value.Length;
            ProposalState state = ProposalState.Parser.ParseFrom(found[i].Value);
            var proposal = new Proposal { State = state, Standing = StandingOf(view, state) };
            if (proposal.Standing == "open")
            {
                proposal.KeyEnded = KeyEnded(view, state.Position);
                proposal.VoteKeysEnded.AddRange(state.Votes.Select(v => KeyEnded(view, v.Position)));
            }
            response.Proposals.Add(proposal);
        }
        return response;
    });

    private static string StandingOf(LedgerSnapshot view, ProposalState state) => (ProposalStatus)state.Status switch
    {
        ProposalStatus.Adopted => "adopted",
        ProposalStatus.Rejected => "rejected",
        ProposalStatus.Withdrawn => "withdrawn",
        _ when state.Change.Epoch != view.Tip.NextEpoch => "epochOver",
        _ when state.Change.ExpiresAtMs <= view.Tip.TimestampMs => "expired",
        _ => "open",
    };
}
