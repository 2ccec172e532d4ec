using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Status = Google.Rpc.Status;

namespace GovChain.Rpc;

/// <summary>
/// Gives what the gRPC framework refuses by itself (a message too large, broken or compressed, an unknown method) the
/// details that every other error has.
/// </summary>
internal sealed class MessageGate(RequestDelegate next, RpcOptions options, RpcMetrics metrics)
{
    private const string StatusName = "grpc-status";
    private const string MessageName = "grpc-message";
    private const string DetailsName = "grpc-status-details-bin";

    /// <summary>The middleware.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        bool isGrpc = ErrorResponse.IsGrpc(context.Request);
        // Messages are bounded one by one, by the length before each; the bound of a body would break off without a reason.
        if (isGrpc && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = null;
        await next(context);
        // Whose time is over is answered by the gate of the clock.
        if (!isGrpc || context.Features.Get<RequestClock>()?.Overdue is not null)
            return;
        IHeaderDictionary? trailers = context.Response.HasStarted
            ? context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers
            : context.Response.Headers;
        if (trailers is null or { IsReadOnly: true } || trailers.ContainsKey(DetailsName)
            || !int.TryParse(trailers[StatusName], NumberStyles.None, CultureInfo.InvariantCulture, out int code)
            || Explain(context, (StatusCode)code) is not { } status)
            return;
        metrics.Refused(ErrorStatus.ReasonOf(status));
        trailers[StatusName] = status.Code.ToString(CultureInfo.InvariantCulture);
        trailers[MessageName] = Uri.EscapeDataString(status.Message);
        trailers[DetailsName] = Convert.ToBase64String(status.ToByteArray());
    }

    /// <summary>What a status without details means: services give all of theirs.</summary>
    private Status? Explain(HttpContext context, StatusCode code) => code switch
    {
        _ when context.Response.StatusCode == StatusCodes.Status415UnsupportedMediaType => ErrorStatus.Of(DoorReason.UnsupportedMediaType,
            $"The content type {JsonGate.Shorten(context.Request.ContentType ?? "(none)")} is not spoken here. gRPC clients send application/grpc over HTTP/2, not gRPC-Web; browsers "
            + "use JSON. docs/API.md has both."),
        StatusCode.ResourceExhausted => ErrorStatus.Of(DoorReason.MessageTooLarge,
            $"A gRPC message may have at most {options.MessageBytesMax} bytes. Keep large documents outside and put "
            + "their digest on the ledger.", ("bytesMax", $"{options.MessageBytesMax}")),
        StatusCode.Unimplemented => ErrorStatus.Of(DoorReason.Unimplemented,
            "This node has no such gRPC method, or the message is compressed, which it does not take. Use the "
            + "published .proto files, uncompressed."),
        StatusCode.Internal or StatusCode.Unknown or StatusCode.InvalidArgument => Malformed(),
        _ => null,
    };

    /// <summary>The status of a message whose bytes are not the method's.</summary>
    public static Status Malformed() => ErrorStatus.Of(DoorReason.MalformedMessage,
        "The bytes are no message of this method. Build it with the published .proto files.");
}
