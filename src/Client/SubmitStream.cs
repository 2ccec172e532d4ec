using Google.Protobuf;
using GovChain.Protos.V1;
using Grpc.Core;

namespace GovChain.Client;

/// <summary>
/// Many envelopes over one call. One task writes, one reads; outcomes come in the order they end, named by the tag that
/// the envelope was sent with.
/// </summary>
internal sealed class SubmitStream : IDisposable
{
    private readonly AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> _call;
    private readonly Uri _node;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SubmitStream(AsyncDuplexStreamingCall<SubmitStreamRequest, SubmitStreamResponse> call, Uri node)
    {
        _call = call;
        _node = node;
    }

    /// <summary>Sends one envelope; waits while the node takes no more.</summary>
    /// <exception cref="LedgerClientException">The stream has ended.</exception>
    public Task SendAsync(ulong tag, ReadOnlyMemory<byte> envelope, CancellationToken cancellation = default) => TellAsync(
        () => _call.RequestStream.WriteAsync(
            new SubmitStreamRequest { Tag = tag, Envelope = UnsafeByteOperations.UnsafeWrap(envelope) }, cancellation),
        cancellation);

    /// <summary>Says that no more envelopes come.</summary>
    /// <exception cref="LedgerClientException">The stream has ended.</exception>
    public Task CompleteAsync() => TellAsync(_call.RequestStream.CompleteAsync, CancellationToken.None);

    /// <summary>The next outcome, or null at the stream's end.</summary>
    /// <exception cref="LedgerClientException">The node refuses or is gone.</exception>
    public async Task<SubmitStreamResponse?> ReadAsync(CancellationToken cancellation = default)
    {
        bool more = false;
        try
        {
            more = await LedgerClient.MoveNextAsync(_call.ResponseStream, _node, cancellation);
        }
        finally
        {
            if (!more)
                _ended.TrySetResult();
        }
        return more ? _call.ResponseStream.Current : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _call.Dispose();

    private async Task TellAsync(Func<Task> tell, CancellationToken cancellation)
    {
        try
        {
            Task told = tell();
            // What waits for the node's window may wait for ever when the node ends the stream instead of reading on.
            if (await Task.WhenAny(told, _ended.Task) != told)
            {
                _ = told.ContinueWith(static t => t.Exception, TaskScheduler.Default); // ends with the call
                throw LedgerClientException.StreamEnded();
            }
            await told;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled && !cancellation.IsCancellationRequested)
        {
            // The node answered while the message was being written; why it did stands where outcomes are read.
            throw LedgerClientException.StreamEnded(e);
        }
        catch (RpcException e)
        {
            throw LedgerClientException.From(e, _node);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException)
        {
            // The call is over, or its connection broke while the message was being written.
            throw LedgerClientException.StreamEnded(e);
        }
    }
}
