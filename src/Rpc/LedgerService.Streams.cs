using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Rpc;

internal sealed partial class LedgerService
{
    private static readonly FrozenSet<string> NoRoomCodes = ((RejectionCode[])[RejectionCode.PoolFull, RejectionCode.RateExceeded])
        .Select(Core.Model.Rejection.NameOf).ToFrozenSet(StringComparer.Ordinal);

    private const string NotReadyCode = "NODE_NOT_READY";

    /// <summary>
    /// Submits in bulk. Reads no further while the window of unanswered envelopes is full, so that back-pressure
    /// reaches the client through HTTP/2 flow control. An envelope for which there is no room, or that comes too fast, waits here, and
    /// reading with it; the client sees a slow stream, not a refusal.
    /// </summary>
    public override async Task SubmitStream(
        IAsyncStreamReader<SubmitStreamRequest> requestStream, IServerStreamWriter<SubmitStreamResponse> responseStream,
        ServerCallContext context)
    {
        RequireReady();
        Submitter submitter = SubmitterOf(context);
        using var ending = Ending(context);
        using var room = new SemaphoreSlim(1, 1);
        var window = new SubmitWindow(options.StreamWindowEnvelopes, options.StreamWindowBytes);
        // Never holds more than the window: what is in it has not left the window yet.
        var answers = Channel.CreateUnbounded<(SubmitStreamResponse Response, int Bytes)>(
            new UnboundedChannelOptions { SingleReader = true });
        var allAnswered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Exception? failure = null;
        bool drained = false;
        int running = 1;
        // A node that begins to stop reads no more, but answers what it has read.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, gateway.Stopping);
        await using ITimer idle = time.CreateTimer(_ => OnQuiet(), null, options.StreamIdleMax, options.StreamIdleMax);

        Task writing = WriteAsync();
        try
        {
            while (await requestStream.MoveNext(reading.Token))
            {
                SubmitStreamRequest request = requestStream.Current;
                idle.Change(options.StreamIdleMax, options.StreamIdleMax);
                await window.EnterAsync(request.Envelope.Length, reading.Token);
                await room.WaitAsync(reading.Token);
                room.Release();
                Interlocked.Increment(ref running);
                _ = AnswerAsync(request);
            }
        }
        catch (OperationCanceledException) when (gateway.Stopping.IsCancellationRequested && !ending.IsCancellationRequested)
        {
            drained = true;
        }
        catch (Exception e)
        {
            Fail(e);
        }
        Ended();
        // Nobody may use the stream, the window or the tokens once this call has returned.
        await allAnswered.Task;
        await writing;
        if (failure is OperationCanceledException && IsStopping(context))
            throw Stopping();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        if (drained)
            throw Stopping();

        async Task AnswerAsync(SubmitStreamRequest request)
        {
            // One stream lives for long and carries many: each submission is a trace of its own.
            Activity.Current = null;
            try
            {
                TransactionOutcome outcome = await SettleAsync(request.Envelope.Memory, submitter, room, ending.Token);
                answers.Writer.TryWrite(
                    (new SubmitStreamResponse { Tag = request.Tag, Outcome = outcome }, request.Envelope.Length));
            }
            catch (Exception e)
            {
                Fail(e);
            }
            finally
            {
                Ended();
            }
        }

        async Task WriteAsync()
        {
            try
            {
                await foreach ((SubmitStreamResponse response, int bytes) in answers.Reader.ReadAllAsync(ending.Token))
                {
                    if (!await TryWriteAsync(responseStream, response, context, ending.Token))
                    {
                        throw LedgerRequestException.SlowReader(
                            $"The client took no answer for {options.StreamWriteMax.TotalSeconds:0.###} s. Submit again "
                            + "whatever was not answered.");
                    }
                    metrics.Streamed(context.Method);
                    window.Leave(bytes);
                    idle.Change(options.StreamIdleMax, options.StreamIdleMax);
                }
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }

        // What is under way is the ledger's time, not the client's.
        void OnQuiet()
        {
            if (window.IsEmpty)
            {
                Fail(LedgerRequestException.StreamIdle(
                    $"No envelope came for {options.StreamIdleMax.TotalSeconds:0.###} s. Open a new stream when there is "
                    + "one."));
            }
        }

        // The first failure ends the stream: the client submits again what is unanswered.
        void Fail(Exception e)
        {
            Interlocked.CompareExchange(ref failure, e, null);
            ending.Cancel();
        }

        void Ended()
        {
            if (Interlocked.Decrement(ref running) > 0)
                return;
            answers.Writer.TryComplete();
            allAnswered.SetResult();
        }
    }

    /// <summary>
    /// Commits in order from a position on, pulled by the client: the next one is read from the ledger when the last
    /// one was taken.
    /// </summary>
    [Listeners(NodeListeners.Administration)]
    public override async Task Subscribe(
        SubscribeRequest request, IServerStreamWriter<CommittedTransaction> responseStream, ServerCallContext context)
    {
        using var ending = Ending(context);
        try
        {
            await foreach (CommittedTransaction transaction in
                gateway.SubscribeAsync(request.FromPosition, ending.Token).WithCancellation(ending.Token))
            {
                if (!await TryWriteAsync(responseStream, transaction, context, ending.Token))
                {
                    string next = (transaction.Position + 1).ToString(CultureInfo.InvariantCulture);
                    throw LedgerRequestException.SlowReader(
                        $"The client took nothing for {options.StreamWriteMax.TotalSeconds:0.###} s. Subscribe again from "
                        + $"the position after the last one received; after all that was sent, that is {next}.",
                        ("nextPosition", next));
                }
                metrics.Streamed(context.Method);
            }
        }
        catch (OperationCanceledException) when (IsStopping(context))
        {
            throw Stopping();
        }
    }

    /// <summary>A copy of the ledger, pulled by the client.</summary>
    [Listeners(NodeListeners.Administration)]
    public override async Task Backup(
        BackupRequest request, IServerStreamWriter<BackupChunk> responseStream, ServerCallContext context)
    {
        using var ending = Ending(context);
        try
        {
            await foreach (BackupChunk chunk in gateway.BackupAsync(ending.Token))
            {
                if (!await TryWriteAsync(responseStream, chunk, context, ending.Token))
                {
                    throw LedgerRequestException.SlowReader(
                        $"The client took nothing of the copy for {options.StreamWriteMax.TotalSeconds:0.###} s. Begin "
                        + "again.");
                }
            }
        }
        catch (OperationCanceledException) when (IsStopping(context))
        {
            throw Stopping();
        }
    }

    /// <summary>Sends a message of a stream; false if the client does not take it in time. Nothing may be sent after
    /// that: the message is still on its way.</summary>
    private async Task<bool> TryWriteAsync<T>(
        IServerStreamWriter<T> stream, T message, ServerCallContext context, CancellationToken cancellation)
    {
        // Without a token: cancelling a write breaks the stream off, and its client would not learn why it ended.
        Task write = stream.WriteAsync(message, CancellationToken.None);
        try
        {
            await write.WaitAsync(options.StreamWriteMax, time, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            if (!write.IsCompleted && context.GetHttpContext().Features.Get<RequestClock>() is { } clock)
                clock.Untaken = write;
        }
    }

    /// <summary>It may find room, or come slowly enough, later.</summary>
    private static bool HasNoRoom(TransactionOutcome outcome) =>
        outcome.Status == TransactionStatus.Rejected && NoRoomCodes.Contains(outcome.Rejection.Code);

    /// <summary>The final outcome of one envelope of a stream.</summary>
    private async Task<TransactionOutcome> SettleAsync(
        ReadOnlyMemory<byte> envelope, Submitter submitter, SemaphoreSlim room, CancellationToken cancellation)
    {
        if (RequestRules.Envelope(envelope.Length) is { } refusal)
            return refusal;
        TransactionOutcome outcome = await SubmitAsync(WaitFor.Committed);
        if (HasNoRoom(outcome))
            metrics.Refused(outcome.Rejection.Code);
        while (WaitForRoom(outcome) is not null)
        {
            await room.WaitAsync(cancellation);
            try
            {
                while (WaitForRoom(outcome) is { } wait)
                {
                    await Task.Delay(wait, time, cancellation);
                    outcome = await SubmitAsync(WaitFor.Accepted);
                }
            }
            finally
            {
                room.Release();
            }
            if (outcome.Status == TransactionStatus.Pending)
                outcome = await SubmitAsync(WaitFor.Committed);
        }
        // Without an obstacle only a node that is stopping answers before the end.
        if (outcome is { Status: TransactionStatus.Pending, Rejection: null })
            throw Stopping();
        if (outcome.Rejection?.Code == NotReadyCode && outcome.Status == TransactionStatus.Rejected)
            throw LedgerRequestException.NotReady(outcome.Rejection.Message);
        return outcome;

        TimeSpan? WaitForRoom(TransactionOutcome outcome) =>
            HasNoRoom(outcome) ? ErrorStatus.RetryAfterOf(outcome.Rejection, options.RetryAfter) : null;

        Task<TransactionOutcome> SubmitAsync(WaitFor waitFor) =>
            gateway.SubmitAsync(envelope, submitter, waitFor, Timeout.InfiniteTimeSpan, cancellation);
    }
}
