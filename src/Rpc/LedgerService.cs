using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Collections;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace GovChain.Rpc;

/// <summary>
/// What a node does for clerks, their software and auditors. Checks shape and access, and asks the gateway; holds no
/// state of its own.
/// </summary>
/// <remarks>
/// Records of types that are not public go through <see cref="ReaderDoor"/>; who knows a transaction's id may have its envelope and
/// receipt; on the administration listener everything may be read.
/// </remarks>
[Listeners(NodeListeners.Clients | NodeListeners.Administration)]
internal sealed partial class LedgerService(
    ILedgerGateway gateway, ReaderDoor readers, RpcOptions options, RpcMetrics metrics, IHostApplicationLifetime lifetime,
    TimeProvider time)
    : Ledger.LedgerBase
{
    /// <inheritdoc/>
    public override async Task<TransactionOutcome> Submit(SubmitRequest request, ServerCallContext context)
    {
        WaitFor waitFor = RequestRules.Wait(request.WaitFor);
        TimeSpan timeout = RequestRules.Timeout(request.TimeoutMs, options);
        if (RequestRules.Envelope(request.Envelope.Length) is { } refusal)
            throw new StatusException(ErrorStatus.OfRefusal(refusal, options.RetryAfter));
        RequireReady();

        using var ending = Ending(context);
        TransactionOutcome outcome;
        try
        {
            outcome = await gateway.SubmitAsync(request.Envelope.Memory, SubmitterOf(context), waitFor, timeout, ending.Token);
        }
        catch (OperationCanceledException) when (IsStopping(context))
        {
            throw Stopping();
        }
        if (HasNoRoom(outcome))
            metrics.Refused(outcome.Rejection.Code);
        return outcome.Status switch
        {
            TransactionStatus.CommittedDurably => outcome,
            TransactionStatus.Pending when waitFor == WaitFor.Accepted => outcome,
            TransactionStatus.Pending => throw new StatusException(ErrorStatus.OfPending(outcome)),
            _ => throw new StatusException(ErrorStatus.OfRefusal(outcome, options.RetryAfter)),
        };
    }

    /// <inheritdoc/>
    public override Task<GetTransactionResponse> GetTransaction(
        GetTransactionRequest request, ServerCallContext context)
    {
        RequestRules.TransactionId(request.TransactionId);
        return Task.FromResult(gateway.GetTransaction(request.TransactionId));
    }

    /// <inheritdoc/>
    public override Task<HttpBody> GetReceipt(GetReceiptRequest request, ServerCallContext context)
    {
        RequestRules.TransactionId(request.TransactionId);
        return Task.FromResult(new HttpBody
        {
            ContentType = "application/json",
            Data = UnsafeByteOperations.UnsafeWrap(gateway.GetReceipt(request.TransactionId)),
        });
    }

    /// <inheritdoc/>
    public override Task<ListTypesResponse> ListTypes(ListTypesRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.ListTypes());

    /// <inheritdoc/>
    public override Task<RecordTypeState> GetRecordType(GetRecordTypeRequest request, ServerCallContext context)
    {
        RequestRules.Type(request.Type);
        return Task.FromResult(RequireType(request.Type));
    }

    /// <inheritdoc/>
    public override Task<ListRecordsResponse> ListRecords(ListRecordsRequest request, ServerCallContext context)
    {
        RequestRules.Type(request.Type);
        request.PageSize = RequestRules.Page(request.PageSize, request.PageToken);
        return Task.FromResult(readers.Read(
            RequireType(request.Type), context, "", () => gateway.ListRecords(request),
            static page => Ends(page.Records, static r => r.State.Record.Id)));
    }

    /// <inheritdoc/>
    public override Task<GetRecordResponse> GetRecord(GetRecordRequest request, ServerCallContext context)
    {
        RequestRules.Type(request.Type);
        RequestRules.RecordId(request.Id);
        if (request.Proof && request.Version != 0)
            throw LedgerRequestException.InvalidArgument(
                "proof", "is for the current version only: leave version away, or ask for the older one's receipt.");
        return Task.FromResult(readers.Read(RequireType(request.Type), context, request.Id, () => gateway.GetRecord(request)));
    }

    /// <inheritdoc/>
    public override Task<GetRecordHistoryResponse> GetRecordHistory(
        GetRecordHistoryRequest request, ServerCallContext context)
    {
        RequestRules.Type(request.Type);
        RequestRules.RecordId(request.Id);
        request.PageSize = RequestRules.Page(request.PageSize, request.PageToken);
        return Task.FromResult(readers.Read(RequireType(request.Type), context, request.Id, () => gateway.GetRecordHistory(request)));
    }

    /// <inheritdoc/>
    public override Task<ListSubmissionsResponse> ListSubmissions(ListSubmissionsRequest request, ServerCallContext context)
    {
        RequestRules.Type(request.Type);
        request.PageSize = RequestRules.Page(request.PageSize, request.PageToken);
        return Task.FromResult(readers.Read(
            RequireType(request.Type), context, "", () => gateway.ListSubmissions(request),
            static page => Ends(page.Submissions, static s => s.State.Proposed.Record.Id)));
    }

    /// <inheritdoc/>
    public override Task<ListOfficersResponse> ListOfficers(ListOfficersRequest request, ServerCallContext context)
    {
        RequestRules.Department(request.Department);
        request.PageSize = RequestRules.Page(request.PageSize, request.PageToken);
        return Task.FromResult(gateway.ListOfficers(request));
    }

    /// <inheritdoc/>
    public override Task<ListDelegationsResponse> ListDelegations(ListDelegationsRequest request, ServerCallContext context)
    {
        RequestRules.Department(request.Department);
        return Task.FromResult(gateway.ListDelegations(request.Department));
    }

    /// <inheritdoc/>
    public override Task<ListProposalsResponse> ListProposals(ListProposalsRequest request, ServerCallContext context)
    {
        request.PageSize = RequestRules.Page(request.PageSize, request.PageToken);
        return Task.FromResult(gateway.ListProposals(request));
    }

    /// <inheritdoc/>
    public override Task<CertifiedHeader> GetHeader(GetHeaderRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.GetHeader(request.Height));

    /// <inheritdoc/>
    public override Task<InclusionProof> GetInclusionProof(
        GetInclusionProofRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.GetInclusionProof(request.Position, request.LogSize));

    /// <inheritdoc/>
    public override Task<ConsistencyProof> GetConsistencyProof(
        GetConsistencyProofRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.GetConsistencyProof(request.FirstHeight, request.SecondHeight));

    /// <inheritdoc/>
    public override Task<GetStateProofResponse> GetStateProof(GetStateProofRequest request, ServerCallContext context)
    {
        RequestRules.StateId(request.Id.Length);
        if (request.Kind is not ((uint)StateKind.Record or (uint)StateKind.Submission))
            return Task.FromResult(OfOpenState(request, context, $"kind {request.Kind}", RequestRules.NameOf(request.Id.Span)));
        (string type, string record) = RequestRules.RecordKey(request.Id.Span);
        RecordTypeState definition = RequireType(type);
        return Task.FromResult(definition.PublicRead
            ? OfOpenState(request, context, type, record)
            : readers.Read(definition, context, record, () => gateway.GetStateProof(request.Kind, request.Id.Memory)));
    }

    /// <inheritdoc/>
    public override Task<GetGenesisResponse> GetGenesis(GetGenesisRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.GetGenesis());

    /// <inheritdoc/>
    public override Task<GetStatusResponse> GetStatus(GetStatusRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.GetStatus());

    /// <inheritdoc/>
    [Listeners(NodeListeners.Administration)]
    public override Task<GetBlockResponse> GetBlock(GetBlockRequest request, ServerCallContext context) =>
        Task.FromResult(gateway.GetBlock(request.Height));

    private static Submitter SubmitterOf(ServerCallContext context)
    {
        HttpContext http = context.GetHttpContext();
        DoorPlace? place = http.Features.Get<DoorPlace>();
        return new Submitter(DoorLimits.AddressOf(http).ToString(), place is null ? null : place.Prove);
    }

    private void RequireReady()
    {
        NodeReadiness readiness = gateway.Readiness;
        if (!readiness.IsReady)
            throw LedgerRequestException.NotReady(readiness.Reason);
    }

    /// <summary>What is there is for everybody. That something is not there everybody may have of the names that each ledger has once.</summary>
    private GetStateProofResponse OfOpenState(GetStateProofRequest request, ServerCallContext context, string kind, string name)
    {
        GetStateProofResponse answer = gateway.GetStateProof(request.Kind, request.Id.Memory);
        return answer.Proof is { Value.IsEmpty: false } || new StateKey((StateKind)request.Kind, request.Id.Span).IsSingle
            ? answer
            : readers.GiveAbsence(kind, context, name, answer);
    }

    private RecordTypeState RequireType(string type) => gateway.FindType(type)
        ?? throw LedgerRequestException.NotFound($"The ledger has no record type {type}.", ("type", type));

    /// <summary>The first and the last record on a page.</summary>
    private static (string First, string Last) Ends<T>(RepeatedField<T> page, Func<T, string> idOf) =>
        page.Count == 0 ? ("", "") : (idOf(page[0]), idOf(page[^1]));

    /// <summary>Cancelled when the client goes away or the node stops.</summary>
    private CancellationTokenSource Ending(ServerCallContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);

    private bool IsStopping(ServerCallContext context) =>
        lifetime.ApplicationStopping.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested;

    private static LedgerRequestException Stopping() => LedgerRequestException.NotReady(
        "The node is stopping. What it accepted may still commit; submitting the same envelope again, here or at "
        + "another node, is safe.");
}
