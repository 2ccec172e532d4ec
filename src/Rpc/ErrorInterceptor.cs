using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using Status = Google.Rpc.Status;

namespace GovChain.Rpc;

/// <summary>
/// The one place where exceptions become statuses, for gRPC and, through transcoding, for HTTP; and where requests are
/// counted. Text of unforeseen exceptions goes to the log, never to the client.
/// </summary>
internal sealed class ErrorInterceptor(RpcMetrics metrics, RpcOptions options, ILogger<ErrorInterceptor> logger)
    : Interceptor
{
    /// <inheritdoc/>
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        long startedAt = Stopwatch.GetTimestamp();
        var code = StatusCode.OK;
        RequestClock? clock = Clock(context);
        clock?.Handling(context.GetHttpContext().KindOf() == RequestKind.Submit
            ? options.CommitWaitMax + options.HandlingTimeMax
            : options.HandlingTimeMax);
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            RpcException failure = Translate(e, context);
            code = failure.StatusCode;
            throw failure;
        }
        finally
        {
            metrics.Ended(context.Method, code, startedAt);
            clock?.Answering();
        }
    }

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(() => continuation(request, responseStream, context), context);

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(() => continuation(requestStream, responseStream, context), context);

    private async Task StreamAsync(Func<Task> stream, ServerCallContext context)
    {
        var code = StatusCode.OK;
        Clock(context)?.Handling(Timeout.InfiniteTimeSpan);
        metrics.StreamOpened(context.Method);
        try
        {
            await stream();
        }
        catch (Exception e)
        {
            RpcException failure = Translate(e, context);
            code = failure.StatusCode;
            throw failure;
        }
        finally
        {
            metrics.StreamClosed(context.Method, code);
        }
    }

    private RpcException Translate(Exception exception, ServerCallContext context)
    {
        switch (exception)
        {
            case RpcException already:
                return already;
            case StatusException finished:
                return ToRpcException(finished.Status, context);
            case LedgerRequestException error:
                if (error.Code == LedgerErrorCode.DataDamaged)
                    logger.DataDamaged(context.Method, error.Message);
                if (error.Code is LedgerErrorCode.StreamIdle or LedgerErrorCode.SlowReader)
                    metrics.EndedEarly(ErrorStatus.NameOf(error.Code));
                return ToRpcException(ErrorStatus.Of(error, options.RetryAfter), context);
            case InvalidProtocolBufferException:
                return ToRpcException(MessageGate.Malformed(), context);
            case OperationCanceledException when Clock(context)?.Overdue is { } reason:
                return ToRpcException(ErrorStatus.OfLate(reason, options.RetryAfter), context);
            case OperationCanceledException or IOException when context.CancellationToken.IsCancellationRequested:
                return new RpcException(new Grpc.Core.Status(StatusCode.Cancelled, "The client went away."));
            default:
                string reference = RandomNumberGenerator.GetHexString(12, lowercase: true);
                logger.RequestFailed(exception, context.Method, reference);
                return ToRpcException(ErrorStatus.OfUnexpected(reference), context);
        }
    }

    private static RequestClock? Clock(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<RequestClock>();

    private static RpcException ToRpcException(Status status, ServerCallContext context)
    {
        ErrorResponse.SetHeaders(context.GetHttpContext(), status);
        return status.ToRpcException();
    }
}
